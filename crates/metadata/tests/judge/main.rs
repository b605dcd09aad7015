//! Verdicts of the ports of public services, and of what WCF exports.

mod golden;
mod imported;

use waxwing_metadata::MetadataSet;
use waxwing_metadata::judge::{JudgeOptions, PortVerdict, judge};
use waxwing_metadata::load::{LoadOptions, folder};
use waxwing_testkit::metadata::Folder;

fn set(of: &Folder) -> MetadataSet {
    folder(&of.name, &of.files, LoadOptions::default())
}

fn ports(of: &Folder) -> Vec<PortVerdict> {
    judge(&set(of), &JudgeOptions::default())
}
