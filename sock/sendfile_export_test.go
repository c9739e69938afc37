package sock

// WithSendfile replaces the system call by fn while test runs. fn gets the system call.
func WithSendfile(fn func(call func(to, from int, offset int64, n int) (int, error), to, from int, offset int64, n int) (int, error), test func()) {
	defer func() { sendfileCall = sysSendfile }()
	sendfileCall = func(to, from int, offset int64, n int, stop func() error) (int, error) {
		call := func(to, from int, offset int64, n int) (int, error) { return sysSendfile(to, from, offset, n, stop) }
		return fn(call, to, from, offset, n)
	}
	test()
}
