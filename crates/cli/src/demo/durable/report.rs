//! What came of it, as a small table.

use std::time::Duration;

use comfy_table::{Cell, Table, presets};

use super::books::{Answers, Audit};
use super::lane::{Killed, Outcome};

/// Everything that the table shows.
#[derive(Clone, Debug, Default)]
pub(super) struct Report {
    /// How many calls there were to be, and how many kills.
    pub(super) calls: u64,
    pub(super) kills: u64,
    pub(super) audit: Audit,
    pub(super) answers: Answers,
    pub(super) killed: Killed,
    pub(super) in_doubt: u64,
    pub(super) time: Duration,
    /// What was used, in words.
    pub(super) how: Vec<(&'static str, String)>,
}

impl Report {
    pub(super) fn new(calls: u64, kills: u64) -> Self {
        let audit = Audit { in_order: true, ..Audit::default() };
        Self { calls, kills, audit, ..Self::default() }
    }

    /// Adds what came of a lane.
    pub(super) fn add(&mut self, lane: &Outcome) {
        self.audit.lost += lane.audit.lost;
        self.audit.twice += lane.audit.twice;
        self.audit.strange += lane.audit.strange;
        self.audit.in_order &= lane.audit.in_order;
        self.answers.answered += lane.answers.answered;
        self.answers.wrong += lane.answers.wrong;
        self.answers.longest = self.answers.longest.max(lane.answers.longest);
        self.killed.services += lane.killed.services;
        self.killed.clients += lane.killed.clients;
        self.killed.recovering += lane.killed.recovering;
        self.in_doubt += lane.in_doubt;
    }

    /// What is wrong with the figures; nothing: everything is as it was promised.
    fn wrong(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        let mut must = |holds: bool, text: String| {
            if !holds {
                wrong.push(text);
            }
        };
        let Audit { lost, twice, strange, in_order } = self.audit;
        must(lost == 0, format!("{lost} calls were lost"));
        must(twice == 0, format!("{twice} calls were executed twice"));
        must(strange == 0, format!("{strange} calls were executed that nobody made"));
        must(in_order, "calls were executed out of order".to_owned());
        let Answers { answered, wrong: answers, .. } = self.answers;
        must(answered == self.calls, format!("{answered} of {} calls were answered", self.calls));
        must(answers == 0, format!("{answers} answers were wrong"));
        must(self.in_doubt == 0, format!("{} calls are in doubt", self.in_doubt));
        let kills = self.killed.services + self.killed.clients;
        must(kills == self.kills, format!("{kills} kills instead of {}", self.kills));
        wrong
    }

    fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        let mut row = |name: &str, value: String| {
            table.add_row([Cell::new(name), Cell::new(value)]);
        };
        let Killed { services, clients, recovering } = self.killed;
        row("calls", format!("{}, {} wrong answers", self.answers.answered, self.answers.wrong));
        row(
            "killed (-9)",
            format!("service {services}, client {clients}; {recovering} of them while recovering"),
        );
        row("lost", self.audit.lost.to_string());
        row("executed twice", self.audit.twice.to_string());
        row("order", if self.audit.in_order { "kept" } else { "NOT KEPT" }.to_owned());
        row("in doubt", self.in_doubt.to_string());
        row("longest call", format!("{:.1} s", self.answers.longest.as_secs_f64()));
        for (name, value) in &self.how {
            row(name, value.clone());
        }
        row("time", format!("{:.1} s", self.time.as_secs_f64()));
        table.to_string()
    }

    /// Prints the table. Gives whether every figure is as promised.
    pub(super) fn print(&self) -> bool {
        println!("{}", self.table());
        let wrong = self.wrong();
        match wrong.is_empty() {
            true => println!("every call was executed exactly once, in order, across every kill"),
            false => eprintln!("error: {}", wrong.join("; ")),
        }
        wrong.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Spoils one figure.
    type Change = fn(&mut Outcome);

    fn good() -> (Report, Outcome) {
        let lane = Outcome {
            audit: Audit { in_order: true, ..Audit::default() },
            answers: Answers { answered: 10, wrong: 0, longest: Duration::from_secs(1) },
            killed: Killed { services: 1, clients: 2, recovering: 1 },
            ..Outcome::default()
        };
        (Report::new(10, 3), lane)
    }

    #[test]
    fn every_figure_that_is_wrong_is_told() {
        let (mut report, lane) = good();
        report.add(&lane);
        assert_eq!(report.wrong(), Vec::<String>::new());
        let changes: [(&str, Change); 8] = [
            ("lost", |lane| lane.audit.lost = 1),
            ("twice", |lane| lane.audit.twice = 1),
            ("nobody made", |lane| lane.audit.strange = 1),
            ("order", |lane| lane.audit.in_order = false),
            ("answered", |lane| lane.answers.answered = 9),
            ("answers were wrong", |lane| lane.answers.wrong = 1),
            ("in doubt", |lane| lane.in_doubt = 1),
            ("kills", |lane| lane.killed.clients = 1),
        ];
        for (text, change) in changes {
            let (mut report, mut lane) = good();
            change(&mut lane);
            report.add(&lane);
            let wrong = report.wrong();
            assert!(wrong.len() == 1 && wrong[0].contains(text), "{text}: {wrong:?}");
        }
    }
}
