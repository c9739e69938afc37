package protocol

// ZeroCopyIsOff reports whether a connection has learned that MSG_ZEROCOPY gains it nothing.
func ZeroCopyIsOff(t *Transport) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.extra.Load()
	return x != nil && x.zero != nil && x.zero.off
}
