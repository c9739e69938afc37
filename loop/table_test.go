package loop

import (
	"testing"

	"github.com/polluxio/pollux"
)

// A slot is reused only after the turn in which it was freed, and in another generation: an event
// is never told to the wrong one.

func TestStaleTokens(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	stale := s.ready(fd, pollux.Readable)
	slot := stale.Token.Slot()
	fd.Close()
	s.turns()

	next := s.descriptor()
	w := s.watch(next, nil)
	fresh := s.ready(next, pollux.Readable)
	if fresh.Token.Slot() != slot || fresh.Token.Generation() == stale.Token.Generation() {
		t.Fatalf("token %#x after %#x, want the same slot in another generation", fresh.Token, stale.Token)
	}
	s.turn(stale)
	if len(w.told) != 0 {
		t.Error("told of its predecessor's event")
	}
	s.turn(stale, fresh)
	if len(w.told) != 1 {
		t.Errorf("told %v, want its own event", w.told)
	}
}

func TestTokensOfNobody(t *testing.T) {
	s := newStage(t)
	s.turn(pollux.Event{Token: pollux.MakeToken(1<<32-1, 1), Ready: pollux.Readable},
		pollux.Event{Token: pollux.MakeToken(0, 1), Ready: pollux.Readable})
	s.joined()
	s.turn(pollux.Event{Token: pollux.MakeToken(chunkSize, 1), Ready: pollux.Readable},
		pollux.Event{Token: pollux.MakeToken(chunkSize-1, 0), Ready: pollux.Readable},
		pollux.Event{Token: pollux.MakeToken(0, 7), Ready: pollux.Readable})
}

// A descriptor that comes in the place of one that was closed in the same turn is not told of
// events fetched for that.
func TestSlotRestsUntilTheTurnIsOver(t *testing.T) {
	s := newStage(t)
	first, second := s.descriptor(), s.descriptor()
	var third, fourth *FD
	var w3, w4 *witness
	s.watch(first, func(pollux.Ready) {
		second.Close()
		third = s.descriptor()
		w3 = s.watch(third, nil)
		s.Post(func() {
			fourth = s.descriptor()
			w4 = s.watch(fourth, nil)
		})
	})
	s.watch(second, nil)
	slot := s.ready(second, 0).Token.Slot()
	s.turn(s.ready(first, pollux.Readable), s.ready(second, pollux.Readable))
	for _, fd := range []*FD{third, fourth} {
		if got := s.ready(fd, 0).Token.Slot(); got == slot {
			t.Errorf("slot %d was reused in the turn in which it was freed", got)
		}
	}
	if len(w3.told)+len(w4.told) != 0 {
		t.Error("told of another's event")
	}
	if got := s.ready(s.joined(), 0).Token.Slot(); got != slot {
		t.Errorf("after the turn a slot is %d, want the free %d", got, slot)
	}
}

// Generation 0 is the poller's own, however often a slot was used.
func TestGenerationsWrap(t *testing.T) {
	s := newStage(t)
	fd := s.joined()
	slot := s.ready(fd, 0).Token.Slot()
	fd.Close()
	s.turns()
	s.table.chunks[0].generations[slot] = 1<<32 - 1
	if got := s.ready(s.joined(), 0).Token; got != pollux.MakeToken(slot, 1) {
		t.Errorf("token %#x, want slot %d of generation 1", got, slot)
	}
}

// A table that was full of descriptors keeps its slots for the next ones.
func TestSlotsAreReused(t *testing.T) {
	s := newStage(t)
	for range 3 {
		var fds []*FD
		for range 1000 {
			fds = append(fds, s.joined())
		}
		if st := s.Stats(); st.Descriptors != 1000 || st.Slots != 1024 {
			t.Errorf("%+v, want 1000 descriptors in 1024 slots", st)
		}
		for _, fd := range fds {
			fd.Close()
		}
		s.turns()
		if st := s.Stats(); st.Descriptors != 0 || st.Slots != 1024 {
			t.Errorf("%+v, want none in 1024 slots", st)
		}
	}
}
