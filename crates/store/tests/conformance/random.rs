//! Any history of units is what the store in memory makes of it.

use super::*;
use waxwing_store::MemoryStore;

/// Numbers of a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

const QUEUES: [Queue; 4] = [Queue::Received, Queue::Outgoing, Queue::Results, Queue::DeadLetters];

fn any_unit(dice: &mut Dice, epochs: &[u64; 4]) -> Unit {
    let which = dice.below(4) as usize;
    let record = RecordId {
        group: Group::new(format!("g{which}")),
        kind: [Kind::Context, Kind::Sequence, Kind::DeadLetter, Kind::Outbox]
            [dice.below(4) as usize],
        name: Name::new(format!("r{}", dice.below(2))),
    };
    let state = Bytes::from(vec![dice.below(256) as u8; dice.below(300) as usize]);
    let step = match dice.below(10) {
        0..=2 => Step::Create(state),
        3..=6 => Step::Write(Version(dice.below(5) + 1), state),
        7 | 8 => Step::Keep,
        _ => Step::Remove,
    };
    // Now and then one of an earlier owner.
    let epoch = epochs[which].saturating_sub(u64::from(dice.below(8) == 0));
    let mut unit = unit(record, epoch, step);
    if dice.below(3) == 0 {
        unit.expires_at = Some(time(dice.below(100) as i64));
    }
    for _ in 0..dice.below(4) {
        let (queue, number) = (QUEUES[dice.below(4) as usize], dice.below(6) + 1);
        unit.messages.push(if dice.below(4) == 0 {
            MessageChange::Remove(queue, number)
        } else {
            let named = (dice.below(2) == 0).then(|| format!("k{}", dice.below(6)));
            put(queue, number, named.as_deref(), &vec![number as u8; dice.below(3000) as usize])
        });
    }
    for _ in 0..dice.below(3) {
        let name = Name::new(format!("n{}", dice.below(6)));
        unit.names.push(if dice.below(3) == 0 {
            NameChange::Remove(name)
        } else {
            NameChange::Add(name)
        });
    }
    unit
}

pub(crate) async fn any_history(mut world: impl World) {
    let mut model = MemoryStore::default();
    let mut dice = Dice(20_260_101);
    let mut epochs = [1; 4];
    for step in 0..1500 {
        let store = world.store();
        let which = dice.below(4) as usize;
        match dice.below(60) {
            0 if dice.below(4) == 0 => {
                drop(store);
                world.restart().await;
                model = model.restarted();
            }
            1..=4 => {
                let group = Group::new(format!("g{which}"));
                let found =
                    [store.claim(&group).await.unwrap(), model.claim(&group).await.unwrap()];
                assert_eq!(format!("{:?}", found[0]), format!("{:?}", found[1]), "step {step}");
                epochs[which] = match &found[0] {
                    Claim::Mine(epoch, _) => epoch.0,
                    _ => 1,
                };
            }
            5 => {
                let (kinds, before) = ([Kind::Sequence, Kind::Outbox], time(dice.below(60) as i64));
                let removed = store.expire(&kinds, before, 1000).await.unwrap();
                assert_eq!(removed, model.expire(&kinds, before, 1000).await.unwrap());
            }
            6 => {
                let name = Name::new(format!("n{}", dice.below(6)));
                assert_eq!(store.find(&name).await.unwrap(), model.find(&name).await.unwrap());
                let found = store.unfinished(None, 10).await.unwrap();
                assert_eq!(found, model.unfinished(None, 10).await.unwrap());
            }
            _ => {
                let unit = any_unit(&mut dice, &epochs);
                let (is, should) =
                    (store.commit(unit.clone()).await, model.commit(unit.clone()).await);
                assert_eq!(format!("{is:?}"), format!("{should:?}"), "step {step}: {unit:?}");
                assert_eq!(store.health().records, model.health().records, "step {step}");
                // It loads the group again, as the host would.
                if matches!(is, Outcome::Fenced) {
                    let at = unit.record.group.as_str()[1..].parse::<usize>().unwrap();
                    let is = store.claim(&unit.record.group).await.unwrap();
                    model.claim(&unit.record.group).await.unwrap();
                    epochs[at] = if let Claim::Mine(epoch, _) = is { epoch.0 } else { 1 };
                }
            }
        }
    }
    let (_, committed, fenced) = model.health().committed;
    assert!(committed > 300 && fenced > 20, "{committed} {fenced}");
}
