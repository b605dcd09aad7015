//! Which node works on something that no store knows: the same one, whoever asks (rendezvous hashing).

use sha2::{Digest, Sha256};
use waxwing_store::Node;

/// The node among these that works on what has this name. When one of them goes, what it would have worked on is shared out
/// among the others, and nothing else moves. None without nodes.
pub(super) fn chosen<'a>(nodes: impl Iterator<Item = &'a Node>, name: &str) -> Option<&'a Node> {
    nodes.max_by_key(|node| (weight(node, name), node.incarnation))
}

fn weight(node: &Node, name: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(node.incarnation.0.to_be_bytes());
    hash.update(name.as_bytes());
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use waxwing_store::{Incarnation, NodeAddress};

    use super::*;

    fn nodes(numbers: &[u64]) -> Vec<Node> {
        let node = |number: &u64| Node {
            incarnation: Incarnation(*number),
            name: format!("n{number}"),
            address: NodeAddress(format!("n{number}:1")),
            draining: false,
        };
        numbers.iter().map(node).collect()
    }

    #[test]
    fn everybody_chooses_the_same_and_little_moves() {
        let all = nodes(&[3, 5, 9]);
        let mut shuffled = nodes(&[9, 3, 5]);
        let without = nodes(&[3, 9]);
        let mut shares: HashMap<u64, usize> = HashMap::new();
        for n in 0..3000 {
            let name = format!("uuid-{n}");
            let own = chosen(all.iter(), &name).unwrap().incarnation;
            shuffled.rotate_left(1);
            assert_eq!(chosen(shuffled.iter(), &name).unwrap().incarnation, own);
            let left = chosen(without.iter(), &name).unwrap().incarnation;
            assert!(own == left || own == Incarnation(5), "{name} moves from {own:?} to {left:?}");
            *shares.entry(own.0).or_default() += 1;
        }
        assert!(shares.values().all(|share| (800..1200).contains(share)), "{shares:?}");
        assert!(chosen([].iter(), "x").is_none());
    }
}
