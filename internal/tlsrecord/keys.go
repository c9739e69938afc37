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

// TooLong is the error of a record that was longer than a record may be, for a Reply.
func (c *Conn) TooLong() error { return c.fail(alertRecordOverflow) }

// WrongVersion is the error of a record of another version, for a Reply.
func (c *Conn) WrongVersion() error { return c.fail(alertProtocolVersion) }

// BadRecord is the error of a record that was not decrypted elsewhere, and makes Answer the alert
// for it.
func (c *Conn) BadRecord() error { return c.fail(alertBadRecordMAC) }

// CloseNotifyText is the text of the alert of that name.
var CloseNotifyText = []byte{levelWarning, byte(alertCloseNotify)}

// Sent counts the records that were made elsewhere of n bytes of data. After RecordsPerKey of them,
// in TLS 1.3, Answer gives a KeyUpdate: see KeyDue.
func (c *Conn) Sent(n int64) {
	c.out.seq += uint64((n + MaxPlaintext - 1) / MaxPlaintext)
	if c.tls13 && c.out.seq >= RecordsPerKey {
		c.reply |= replyUpdate
	}
}

// KeyDue says that the key of what is sent has served RecordsPerKey records.
func (c *Conn) KeyDue() bool { return c.tls13 && c.out.seq >= RecordsPerKey }

// DropAnswer makes Answer give nothing, for a connection that is about to end.
func (c *Conn) DropAnswer() { c.reply = 0 }

// Ended says that this direction has sent a fatal alert.
func (c *Conn) Ended() bool { return c.ended }

// End notes that close_notify was sent elsewhere.
func (c *Conn) End() { c.ended = true }
