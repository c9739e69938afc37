package sock

// What the tests need that are not in this package: those that check for leaks.
var (
	LoopbackPair = loopbackPair
	ErrStranger  = errStranger
)
