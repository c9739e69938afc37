package pollux

// Go's own poller cannot wait for a completion port, since it has one of its own. So the wait is a
// system call, and the thread keeps its processor in it until sysmon takes that away (fact 1), up
// to 20 ms later. For this reason the goroutine lets all others run before it makes that call.

// newStrategy makes the strategy. No other function chooses one. release closes the handles of the
// poller.
func newStrategy(s Strategy, release func() error) strategy {
	if s == Block {
		return &block{release: release}
	}
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

// pass leaves it to sysmon to ask Go's own poller, every 10 ms. On other systems a byte in a pipe
// makes Go ask it. Here Go's poller watches nothing that this package could make ready.
func (p *polite) pass(kernel) error {
	return p.company.pass(func() error { return nil })
}

func (p *polite) close() error { return p.release() }
