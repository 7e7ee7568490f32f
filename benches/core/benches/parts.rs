//! How long each part takes: `cargo bench --manifest-path benches/core/Cargo.toml`.

use criterion::{Criterion, criterion_group, criterion_main};
use generation_queue_core_benches::PARTS;

fn parts(criterion: &mut Criterion) {
    for part in PARTS {
        let mut run = (part.prepare)();
        criterion.bench_function(part.name, |bencher| bencher.iter(&mut run));
    }
}

criterion_group!(benches, parts);
criterion_main!(benches);
