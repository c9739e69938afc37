package loop

import (
	"testing"

	"github.com/polluxio/pollux"
)

// After ReadAtWriteEdges an edge of writes alone makes a waiting read try again, and calls the
// watcher for reads. Without it, it does not.
func TestReadAtWriteEdges(t *testing.T) {
	if oneShotScripts {
		// There Arm for writes would report at once, as long as there is room.
		t.Skip("only Linux has sockets that need this, and its poller is edge-triggered: run this on such scripts")
	}
	for _, both := range []bool{false, true} {
		s := newStage(t)
		fd := s.joined()
		if both {
			fd.ReadAtWriteEdges()
		}
		read := s.start(fd, Read, again, done)
		s.turn(s.ready(fd, pollux.Writable))
		if both {
			read.want(t, nil, "an edge of writes counts for reads too")
			continue
		}
		read.want(t, waits, "an edge of writes")
		s.turn(s.ready(fd, pollux.Readable))
	}
}
