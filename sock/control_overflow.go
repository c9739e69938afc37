package sock

// RxqOvfl is how many datagrams the socket has dropped since it was made because its queue was
// full; it wraps. It comes if SO_RXQ_OVFL is set and something was dropped, on Linux. Data: a
// __u32. socket(7).
type RxqOvfl uint32

// RxqOvfl reads an item of the type SO_RXQ_OVFL.
func (c Control) RxqOvfl() (RxqOvfl, bool) {
	v, ok := c.uint32(SOL_SOCKET, numbers.rxqOvfl)
	return RxqOvfl(v), ok
}
