package sock

// For the tests outside of the package, which can look for leaks with socktest.
var (
	LoopbackPair = loopbackPair
	ErrStranger  = errStranger
)
