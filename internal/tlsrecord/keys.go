package tlsrecord

// Keys are what another part that makes or opens the records, the kernel, needs of one direction.
type Keys struct {
	Key, IV []byte
	Seq     uint64 // of the next record
}

// Keys are those of what is received (in) or of what is sent.
func (c *Conn) Keys(in bool) (Keys, error) {
	h := &c.out
	if in {
		h = &c.in
	}
	key, iv, err := h.keys(c.suite, c.tls13)
	return Keys{key, iv, h.seq}, err
}

// Rekeyed says whether Handle has changed the key of what is received since the last call.
func (c *Conn) Rekeyed() bool {
	was := c.rekeyed
	c.rekeyed = false
	return was
}

// BadRecord is the error of a record that was not decrypted elsewhere, and makes Answer the alert
// for it.
func (c *Conn) BadRecord() error { return c.fail(alertBadRecordMAC) }

// CloseNotifyText is the text of the alert of that name.
var CloseNotifyText = []byte{levelWarning, byte(alertCloseNotify)}

// Ended says that this direction has sent a fatal alert.
func (c *Conn) Ended() bool { return c.ended }

// End notes that close_notify was sent elsewhere.
func (c *Conn) End() { c.ended = true }
