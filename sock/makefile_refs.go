package sock

import (
	"sync"
	"sync/atomic"
)

// A share is the part that the Files of a socket have in its descriptor: Python's count of io
// references.
//
//	Socket.Close with Files open: the descriptor moves to a Socket that only they know, and the old one is closed for all others
//	Socket.Detach: the descriptor is somebody else's, and the Files' too is closed
type share struct {
	files  int                    // shares.mu
	socket atomic.Pointer[Socket] // the one to use: that of Makefile, and after its Close the Files' own
	own    bool                   // shares.mu; socket is the Files' own
}

// shares has those of all sockets; most have none, and no room for one.
var shares = struct {
	mu sync.Mutex
	of map[*core]*share // mu
}{of: make(map[*core]*share)}

// shareFile counts a File in. Error: net.ErrClosed.
func (s *Socket) shareFile() (*share, error) {
	shares.mu.Lock()
	defer shares.mu.Unlock()
	if _, err := s.fd.Acquire(); err != nil {
		return nil, err
	}
	s.fd.Release()
	h := shares.of[s.core]
	if h == nil {
		h = new(share)
		h.socket.Store(s.base())
		shares.of[s.core] = h
		s.flags.Or(hasFiles)
	}
	h.files++
	return h, nil
}

// unshare counts a File out; last is what is done with a descriptor that nobody else has.
func (s *Socket) unshare(h *share, last func(*Socket) error) {
	shares.mu.Lock()
	h.files--
	none, own := h.files == 0, h.own
	if none && !own {
		delete(shares.of, s.core)
		s.flags.And(^uint32(hasFiles))
	}
	shares.mu.Unlock()
	if none && own {
		last(h.socket.Load())
	}
}

// leaveToFiles is Close for a socket that has Files open: they go on with the descriptor. It
// returns false if there are none.
func (s *Socket) leaveToFiles() (bool, error) {
	shares.mu.Lock()
	defer shares.mu.Unlock()
	h := shares.of[s.core]
	if h == nil {
		return false, nil
	}
	delete(shares.of, s.core)
	s.flags.And(^uint32(hasFiles))
	l := s.Loop()
	// Whoever waits is told; of the Files, those who do find the new one in its place as soon as
	// they have the lock.
	sysfd, err := s.fd.Detach()
	if err != nil {
		return true, err
	}
	next := newSocket(sysfd, Family(s.family), Type(s.typ), Protocol(s.proto), s.timeout.Load())
	next.flags.Or(s.flags.Load() & isShared)
	if l != nil {
		next.Join(l) // else, at the worst, the loop is another
	}
	h.own = true
	h.socket.Store(next)
	return true, nil
}

// current is the socket to use now.
func (h *share) current() *Socket { return h.socket.Load() }

// settled is current, once a Close that is on is over.
func (h *share) settled() *Socket {
	shares.mu.Lock()
	defer shares.mu.Unlock()
	return h.socket.Load()
}
