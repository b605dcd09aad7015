//! Circles of types: which of them hold themselves, so that a member needs a box.

/// The number of the circle (strongly connected component) that each node belongs to; nodes are numbers, `edges[node]` those
/// that it holds. Without recursion: hostile schemas nest as deep as they are long (Tarjan 1972).
pub(super) fn circles(edges: &[Vec<usize>]) -> Vec<usize> {
    const NEW: usize = usize::MAX;
    let count = edges.len();
    let (mut order, mut low) = (vec![NEW; count], vec![0; count]);
    let (mut circle, mut on_stack) = (vec![NEW; count], vec![false; count]);
    let (mut stack, mut number, mut circles) = (Vec::new(), 0, 0);
    for start in 0..count {
        if order[start] != NEW {
            continue;
        }
        let mut path = vec![(start, 0)];
        while let Some((node, next)) = path.last_mut() {
            let node = *node;
            if *next == 0 {
                (order[node], low[node]) = (number, number);
                number += 1;
                stack.push(node);
                on_stack[node] = true;
            }
            if let Some(&inner) = edges[node].get(*next) {
                *next += 1;
                if order[inner] == NEW {
                    path.push((inner, 0));
                } else if on_stack[inner] {
                    low[node] = low[node].min(order[inner]);
                }
                continue;
            }
            if low[node] == order[node] {
                while let Some(member) = stack.pop() {
                    on_stack[member] = false;
                    circle[member] = circles;
                    if member == node {
                        break;
                    }
                }
                circles += 1;
            }
            path.pop();
            if let Some((outer, _)) = path.last() {
                low[*outer] = low[*outer].min(low[node]);
            }
        }
    }
    circle
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_holds_itself_is_one_circle() {
        // 0 → 1 → 2 → 0, 2 → 3, 3 → 3, 4.
        let found = circles(&[vec![1], vec![2], vec![0, 3], vec![3], vec![]]);
        assert_eq!(found[0], found[1]);
        assert_eq!(found[1], found[2]);
        assert_ne!(found[2], found[3]);
        assert_ne!(found[3], found[4]);
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let mut edges: Vec<_> = (1..200_000).map(|next| vec![next]).collect();
        edges.push(vec![0]);
        let found = circles(&edges);
        assert!(found.iter().all(|circle| *circle == found[0]));
    }
}
