//! Does one part twice, for callgrind: `instructions PART`. Only the second time is to be counted,
//! which `--toggle-collect=counted` does; the first one sets up what is set up once.

use std::process::ExitCode;

use generation_queue_core_benches::PARTS;

fn main() -> ExitCode {
    let name = std::env::args().nth(1).unwrap_or_default();
    let Some(part) = PARTS.iter().find(|part| part.name == name) else {
        let names: Vec<_> = PARTS.iter().map(|part| part.name).collect();
        eprintln!("no part {name:?}: expected {}", names.join(", "));
        return ExitCode::from(2);
    };
    let mut run = (part.prepare)();
    run();
    counted(&mut *run);
    ExitCode::SUCCESS
}

/// Its name is how callgrind finds it.
#[unsafe(no_mangle)]
#[inline(never)]
fn counted(run: &mut dyn FnMut()) {
    run();
}
