//! The built-in types of XML Schema that the CLR has no type for: their lexical forms (XML Schema Part 2 §3.2, §3.3).

use std::fmt::{Debug, Display};
use std::str::FromStr;

use proptest::prelude::*;
use waxwing_datacontract::xsd::{
    Date, Duration, GDay, GMonth, GMonthDay, GYear, GYearMonth, HexBinary, Integer, Time,
};
use waxwing_datacontract::{DataContract as _, TimeSpan, from_xml, to_xml};

/// Each text is read, and written as it was.
#[track_caller]
fn kept<T: FromStr<Err: Debug> + Display>(texts: &[&str]) {
    for text in texts {
        assert_eq!(text.parse::<T>().unwrap().to_string(), *text);
    }
}

#[track_caller]
fn written<T: FromStr<Err: Debug> + Display>(text: &str, as_text: &str) {
    assert_eq!(text.parse::<T>().unwrap().to_string(), as_text);
}

#[track_caller]
fn refused<T: FromStr + Debug>(texts: &[&str]) {
    for text in texts {
        assert!(text.parse::<T>().is_err(), "{text}: {:?}", text.parse::<T>().ok());
    }
}

#[test]
fn dates() {
    kept::<Date>(&["2026-11-23", "2024-02-29Z", "-0044-03-15", "12026-01-01-14:00", "0001-01-01"]);
    written::<Date>("2026-11-23-00:00", "2026-11-23Z");
    refused::<Date>(&[
        "",
        "2026-02-29",
        "2026-11-31",
        "2026-13-01",
        "2026-00-10",
        "26-11-23",
        "02026-11-23",
        "2026-1-01",
        "2026-11-23+14:01",
        "2026-11-23+01:60",
        "2026-11-23T00:00:00",
        "2026-11-23+1:00",
        "20é6-11-23",
        "-",
        "--",
        "Z",
        "99999999999-01-01",
    ]);
    assert!(Date::new(2026, 2, 29).is_err());
    assert_eq!(
        Date::new(2026, 2, 28).unwrap().with_offset(-60).unwrap().to_string(),
        "2026-02-28-01:00"
    );
}

#[test]
fn times() {
    kept::<Time>(&["00:00:00", "23:59:59.999999999", "10:05:00.25Z", "10:05:00+05:30"]);
    written::<Time>("24:00:00", "00:00:00");
    written::<Time>("10:05:00.2500000001", "10:05:00.25");
    refused::<Time>(&[
        "",
        "24:00:01",
        "10:60:00",
        "10:05",
        "10:05:60",
        "1:05:00",
        "10:05:00.",
        "10:05:00.x",
        "10:05:00:00",
        "é:05:00",
    ]);
}

#[test]
fn parts_of_dates() {
    kept::<GYear>(&["2026", "-0044", "12026Z", "2026-05:00"]);
    kept::<GYearMonth>(&["2026-11", "-0044-03+01:00"]);
    kept::<GMonth>(&["--11", "--01Z"]);
    written::<GMonth>("--11--", "--11");
    kept::<GMonthDay>(&["--11-23", "--02-29", "--02-29-01:00"]);
    kept::<GDay>(&["---01", "---31Z"]);
    refused::<GYear>(&["", "26", "2026-11", "x026"]);
    refused::<GYearMonth>(&["2026", "2026-13", "2026-1"]);
    refused::<GMonth>(&["11", "--13", "--1", "--11-"]);
    refused::<GMonthDay>(&["--02-30", "--11", "11-23", "--13-01"]);
    refused::<GDay>(&["31", "---32", "---00", "---1", "--31"]);
}

#[test]
fn durations() {
    kept::<Duration>(&[
        "P1Y2M3DT4H5M6.7S",
        "-P1Y",
        "PT0S",
        "P12M",
        "PT36H",
        "PT0.000000001S",
        "P1DT1S",
    ]);
    written::<Duration>("P0Y", "PT0S");
    written::<Duration>("PT1M0S", "PT1M");
    refused::<Duration>(&[
        "",
        "P",
        "PT",
        "P1",
        "1Y",
        "P1YT",
        "P1M1Y",
        "PT1H1H",
        "P1H",
        "PT1D",
        "PT1.5M",
        "PT.5S",
        "PT1.S",
        "+P1Y",
        "P-1Y",
        "P99999999999999999999Y",
        "P1Yé",
    ]);
    let hour: Duration = "PT1H".parse().unwrap();
    assert_eq!(TimeSpan::try_from(hour).unwrap(), TimeSpan::from_seconds(3600).unwrap());
    assert_eq!(Duration::from(TimeSpan::from_seconds(-90).unwrap()).to_string(), "-PT1M30S");
}

#[test]
fn integers_and_octets() {
    kept::<Integer>(&["0", "-1", "123456789012345678901234567890"]);
    written::<Integer>("+007", "7");
    written::<Integer>("-0", "0");
    refused::<Integer>(&["", "-", "+-1", "1.0", "1e3", " 1"]);
    let mut numbers = ["10", "-2", "9", "-10", "0"].map(|text| text.parse::<Integer>().unwrap());
    numbers.sort();
    assert_eq!(numbers.map(|number| i64::try_from(&number).unwrap()), [-10, -2, 0, 9, 10]);
    assert!(u8::try_from(&Integer::from(256)).is_err());
    assert_eq!(Integer::from(i128::MIN).to_string().parse(), Ok(i128::MIN));
    written::<HexBinary>("0fB7", "0FB7");
    kept::<HexBinary>(&["", "00FF"]);
    refused::<HexBinary>(&["0", "0g", "0 ", "é0"]);
}

#[test]
fn they_are_data_contracts_of_the_schema() {
    assert_eq!(Date::contract_name().to_string(), "{http://www.w3.org/2001/XMLSchema}date");
    let days = vec!["2026-11-23".parse::<Date>().unwrap(); 2];
    assert_eq!(from_xml::<Vec<Date>>(to_xml(&days).unwrap().as_bytes()).unwrap(), days);
    let error =
        from_xml::<Date>(to_xml(&Integer::from(3)).unwrap().replace("integer", "date").as_bytes());
    assert_eq!(
        error.unwrap_err().to_string(),
        "The value '3' cannot be parsed as the type 'date'. (at date)"
    );
}

proptest! {
    #[test]
    fn what_is_made_is_read(
        year in any::<i32>(), month in 1u8..=12, day in 1u8..=28, offset in prop::option::of(-840i16..=840),
        nanosecond in 0u32..1_000_000_000, numbers in any::<[u64; 6]>(), negative in any::<bool>(), big in any::<i128>(),
    ) {
        let date = Date::new(year, month, day).unwrap();
        let date = offset.map_or(date, |offset| date.with_offset(offset).unwrap());
        prop_assert_eq!(date.to_string().parse(), Ok(date));
        let time = Time::new(day % 24, month, day, nanosecond).unwrap();
        prop_assert_eq!(time.to_string().parse(), Ok(time));
        let [years, months, days, hours, minutes, seconds] = numbers;
        let span = Duration { negative, years, months, days, hours, minutes, seconds, nanoseconds: nanosecond };
        prop_assert_eq!(span.to_string().parse(), Ok(span));
        prop_assert_eq!(i128::try_from(&Integer::from(big)), Ok(big));
        prop_assert_eq!(i128::try_from(&big.to_string().parse::<Integer>().unwrap()), Ok(big));
    }

    #[test]
    fn any_text_is_refused_or_read(text in "[-+0-9:.TZPYMDHSé]{0,24}") {
        fn stable<T: FromStr + Display + PartialEq + Debug>(text: &str) {
            if let Ok(value) = text.parse::<T>() {
                assert!(value.to_string().parse::<T>().is_ok_and(|back| back == value), "{text}");
            }
        }
        stable::<Date>(&text);
        stable::<Time>(&text);
        stable::<GYear>(&text);
        stable::<GYearMonth>(&text);
        stable::<GMonth>(&text);
        stable::<GMonthDay>(&text);
        stable::<GDay>(&text);
        stable::<Duration>(&text);
        stable::<Integer>(&text);
        stable::<HexBinary>(&text);
    }
}
