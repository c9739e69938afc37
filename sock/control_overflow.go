package sock

// RxqOvfl is the number of datagrams that the socket has dropped because its queue was full, since
// it was made. It wraps at 2³². It is received if SO_RXQ_OVFL is set and a datagram was dropped, on
// Linux. Data: a __u32. socket(7).
type RxqOvfl uint32

// RxqOvfl reads an item of the type SO_RXQ_OVFL.
func (c Control) RxqOvfl() (RxqOvfl, bool) {
	v, ok := c.uint32(SOL_SOCKET, numbers.rxqOvfl)
	return RxqOvfl(v), ok
}
