//go:build !linux

package pollux

// Go's own poller cannot wait for a kqueue or a completion port, as it waits for an epoll in
// Linux's strategy Park. It registers READ and WRITE for each descriptor, and a kqueue has only
// READ. On Windows it has a completion port of its own. So the wait is a system call, and the
// thread keeps its processor in it until sysmon takes that away (fact 1), up to 20 ms later. For
// this reason the goroutine lets all others run before it makes that call.

// newStrategy makes the strategy. No other function chooses one. release closes the poller's
// descriptors or handles.
func newStrategy(s Strategy, release func() error) strategy {
	if s == Block {
		return &block{release: release}
	}
	openGoPoller()
	return &polite{release: release}
}

// polite is the strategy Park on a system that cannot park: other goroutines run first, and then a
// system call blocks.
//
//	      look: nothing            Gosched took long
//	wait ───────────────▶ yield ─────────────────────▶ look, yield, look, ... until there is something
//	                        │ it took no time, twice in a row
//	                        ▼
//	                      block
type polite struct {
	company
	release func() error
}

func (p *polite) wait(k kernel, mayWait bool) error {
	if err := p.pass(k); err != nil {
		return err
	}
	if k.look() || !mayWait || p.goFirst(k) {
		return nil
	}
	k.block()
	p.stint.end()
	return nil
}

func (p *polite) pass(kernel) error { return p.company.pass(askGoPoller) }

func (p *polite) close() error {
	closeGoPoller()
	return p.release()
}
