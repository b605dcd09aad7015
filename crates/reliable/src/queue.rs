//! The outputs of an engine, until they are polled.

use std::collections::VecDeque;

/// The next of a queue of outputs.
///
/// When it is empty, the next output will take the place of the first one again: with thousands of sessions the other places are not in the
/// cache. A queue that has room for more than `most` has seen a burst, and gives back what is beyond `kept`.
pub fn next_output<T>(queue: &mut VecDeque<T>, most: usize, kept: usize) -> Option<T> {
    // Outputs are large: each is moved once.
    if !queue.is_empty() {
        return queue.pop_front();
    }
    queue.clear();
    if queue.capacity() > most {
        queue.shrink_to(kept);
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_come_in_their_order_and_a_burst_leaves_no_room() {
        let mut queue: VecDeque<u32> = (0..1_000).collect();
        let polled: Vec<_> = std::iter::from_fn(|| next_output(&mut queue, 64, 8)).collect();
        assert!(polled.into_iter().eq(0..1_000));
        assert_eq!(queue.capacity(), 8);
    }

    #[test]
    fn each_output_takes_the_place_of_the_first() {
        let mut queue = VecDeque::with_capacity(4);
        queue.push_back(0);
        let place = queue.as_slices().0.as_ptr();
        for _ in 0..3 {
            assert!(next_output(&mut queue, 4, 4).is_some());
            assert_eq!(next_output(&mut queue, 4, 4), None);
            queue.push_back(0);
            assert_eq!(queue.as_slices().0.as_ptr(), place);
        }
    }
}
