package pollux

import "golang.org/x/sys/windows"

var Milliseconds = milliseconds

// RefuseAFD makes AFD refuse every poll of a registration that begins during test. AFD does so for
// a socket of a provider that it does not know.
func RefuseAFD(test func()) {
	real := afdPoll
	defer func() { afdPoll = real }()
	afdPoll = func(windows.Handle, *registration) windows.NTStatus { return windows.STATUS_INVALID_HANDLE }
	test()
}

// Polls returns the number of running polls, and of the helpers that run them.
func Polls(p *Poller) (polls, helpers int) {
	p.backend.mu.Lock()
	defer p.backend.mu.Unlock()
	for _, h := range p.backend.helpers {
		polls += h.polls
	}
	return polls, len(p.backend.helpers)
}
