package sock

import (
	"sync"
	"sync/atomic"
)

// A share counts the Files of a socket, which keep its descriptor open: Python's count of io
// references.
//
//	Socket.Close with Files open: the descriptor moves to a Socket that only the Files know; for all others the old one is closed
//	Socket.Detach: the descriptor belongs to the caller, and the Files are closed too
type share struct {
	files  int                    // shares.mu
	socket atomic.Pointer[Socket] // the current socket: that of Makefile, and after its Close the Files' own
	own    bool                   // shares.mu; socket is the Files' own
}

// shares holds the share of each socket with Files. Most sockets have no File, so a Socket has no
// field for it.
var shares = struct {
	mu sync.Mutex
	of map[*core]*share // mu
}{of: make(map[*core]*share)}

// shareFile adds a File to the count. Error: net.ErrClosed.
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

// unshare removes a File from the count. If it was the last File and the descriptor belongs to the
// Files alone, unshare calls last with their socket.
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

// leaveToFiles is Close for a socket that has Files open. The Files keep the descriptor. It returns
// false if the socket has no Files.
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
	// Detach ends every blocked operation with net.ErrClosed. The operations of Files then take
	// this lock, in settled, and find the new socket.
	sysfd, err := s.fd.Detach()
	if err != nil {
		return true, err
	}
	next := newSocket(sysfd, Family(s.family), Type(s.typ), Protocol(s.proto), s.patience(0))
	next.flags.Or(s.flags.Load() & isShared)
	if l != nil {
		next.Join(l) // if this fails, the new socket only joins another loop later
	}
	h.own = true
	h.socket.Store(next)
	return true, nil
}

// current returns the current socket.
func (h *share) current() *Socket { return h.socket.Load() }

// settled is current, but it first waits for the end of a Close that is running.
func (h *share) settled() *Socket {
	shares.mu.Lock()
	defer shares.mu.Unlock()
	return h.socket.Load()
}
