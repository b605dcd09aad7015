//! Strongly connected components of a graph (Tarjan, SIAM J. Comput. 1972), without recursion.

/// The component of each node; nodes of one component have one number. A node is a number, `edges[node]` those that it leads to.
/// Schemas may nest as deep as they are long, so the walk keeps its own stack.
///
/// # Panics
/// For an edge to a node that is not there.
pub fn strongly_connected(edges: &[Vec<usize>]) -> Vec<usize> {
    let mut walk = Walk {
        edges,
        order: vec![None; edges.len()],
        low: vec![0; edges.len()],
        component: vec![None; edges.len()],
        waiting: Vec::new(),
        next: 0,
    };
    for node in 0..edges.len() {
        if walk.order[node].is_none() {
            walk.from(node);
        }
    }
    walk.component.into_iter().map(|component| component.unwrap_or_default()).collect()
}

struct Walk<'e> {
    edges: &'e [Vec<usize>],
    /// When a node was reached.
    order: Vec<Option<usize>>,
    /// The earliest node that is reached from it.
    low: Vec<usize>,
    component: Vec<Option<usize>>,
    /// Nodes without a component yet.
    waiting: Vec<usize>,
    next: usize,
}

impl Walk<'_> {
    fn from(&mut self, root: usize) {
        let mut path = vec![(root, 0)];
        self.reach(root);
        while let Some((node, edge)) = path.last_mut() {
            let (node, at) = (*node, *edge);
            *edge += 1;
            match self.edges[node].get(at) {
                Some(&to) if self.order[to].is_none() => {
                    self.reach(to);
                    path.push((to, 0));
                }
                Some(&to) => {
                    if let (Some(order), None) = (self.order[to], self.component[to]) {
                        self.low[node] = self.low[node].min(order);
                    }
                }
                None => {
                    path.pop();
                    if let Some(&(before, _)) = path.last() {
                        self.low[before] = self.low[before].min(self.low[node]);
                    }
                    self.close(node);
                }
            }
        }
    }

    fn reach(&mut self, node: usize) {
        self.order[node] = Some(self.next);
        self.low[node] = self.next;
        self.next += 1;
        self.waiting.push(node);
    }

    /// Takes a component off when `node` is the first of it.
    fn close(&mut self, node: usize) {
        if self.order[node] != Some(self.low[node]) {
            return;
        }
        while let Some(member) = self.waiting.pop() {
            self.component[member] = Some(node);
            if member == node {
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_are_components() {
        let edges = [vec![1], vec![2], vec![0, 3], vec![4], vec![3], vec![5], vec![]];
        let component = strongly_connected(&edges);
        assert_eq!(component[0], component[1]);
        assert_eq!(component[0], component[2]);
        assert_eq!(component[3], component[4]);
        assert_ne!(component[2], component[3]);
        assert_ne!(component[5], component[6]);
    }

    #[test]
    fn what_holds_itself_is_one_circle() {
        // 0 → 1 → 2 → 0, 2 → 3, 3 → 3, 4.
        let found = strongly_connected(&[vec![1], vec![2], vec![0, 3], vec![3], vec![]]);
        assert_eq!(found[0], found[1]);
        assert_eq!(found[1], found[2]);
        assert_ne!(found[2], found[3]);
        assert_ne!(found[3], found[4]);
    }

    #[test]
    fn a_long_chain_takes_no_stack() {
        let edges: Vec<Vec<usize>> = (0..200_000).map(|node| vec![(node + 1) % 200_000]).collect();
        let component = strongly_connected(&edges);
        assert!(component.iter().all(|&of| of == component[0]));
    }
}
