//! The one date format that HTTP still sends: `Wed, 21 Oct 2015 07:28:00 GMT` (RFC 9110, 5.6.7).

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The seconds from 1970 until a date; none for what is no such date or lies before 1970.
pub(super) fn parse(text: &str) -> Option<u64> {
    let mut words = text.split_ascii_whitespace().skip(1);
    let day: u64 = number(words.next()?, 1..=31)?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64;
    let year = number(words.next()?, 1970..=9999)?;
    let mut clock = words.next()?.split(':');
    let hour = number(clock.next()?, 0..=23)?;
    let minute = number(clock.next()?, 0..=59)?;
    let second = number(clock.next()?, 0..=60)?;
    if words.next() != Some("GMT") || words.next().is_some() || clock.next().is_some() {
        return None;
    }
    let days = days_before(year, month) + day - 1;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

fn number(text: &str, range: std::ops::RangeInclusive<u64>) -> Option<u64> {
    text.parse().ok().filter(|number| range.contains(number))
}

/// The days from 1970 until the first of a month, counted from 0.
///
/// Years are counted from March, so that the leap day is the last day of a year and the months
/// before it have the same lengths every year: 153 days for every five of them.
fn days_before(year: u64, month: u64) -> u64 {
    const DAYS_UNTIL_1970: u64 = 719_468;
    let (year, month) = if month < 2 { (year - 1, month + 10) } else { (year, month - 2) };
    let leap_days = year / 4 - year / 100 + year / 400;
    year * 365 + leap_days + (month * 153 + 2) / 5 - DAYS_UNTIL_1970
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn dates_are_seconds_since_1970() {
        assert_eq!(parse("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse("Wed, 21 Oct 2015 07:28:00 GMT"), Some(1_445_412_480));
        assert_eq!(parse("Thu, 29 Feb 2024 12:00:00 GMT"), Some(1_709_208_000));
        assert_eq!(parse("Fri, 01 Mar 2024 00:00:00 GMT"), Some(1_709_251_200));
        assert_eq!(parse("Thu, 31 Dec 2026 23:59:59 GMT"), Some(1_798_761_599));
    }

    #[test]
    fn what_is_no_date_gives_none() {
        for text in [
            "",
            "34",
            "Wed, 21 Oct 2015",
            "Wed, 21 Oct 2015 07:28 GMT",
            "Wed, 21 Oct 2015 07:28:00 CET",
            "Wed, 21 Okt 2015 07:28:00 GMT",
            "Wed, 99 Oct 2015 07:28:00 GMT",
            "Wed, 21 Oct 1969 07:28:00 GMT",
            "Wednesday, 21-Oct-15 07:28:00 GMT",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
