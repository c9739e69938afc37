package sock

// WithSplice calls fn in place of splice(2), and gives it the system call, while test runs.
func WithSplice(fn func(call func(from, to, n int) (int, error), from, to, n int) (int, error), test func()) {
	defer func() { spliceCall = sysSplice }()
	spliceCall = func(from, to, n int) (int, error) { return fn(sysSplice, from, to, n) }
	test()
}

// ForgetPipes closes the pipes that are kept for later.
func ForgetPipes() {
	for {
		p, ok := pipes.Get().(*pipe)
		if !ok {
			return
		}
		p.held = 1
		p.release()
	}
}
