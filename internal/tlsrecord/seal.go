package tlsrecord

import (
	"encoding/binary"
	"net"
)

// Overhead is by how much a record is longer than its data, at most.
const Overhead = HeaderSize + explicitSize + tagSize + 1

// Seal appends to dst the records that bring data, 16 KiB each. If a key has served RecordsPerKey
// records, a KeyUpdate goes before.
//
// Errors: net.ErrClosed after CloseNotify or a fatal alert; ErrRecords. dst is returned with an
// error, too, and what was appended to it has to be sent.
func (c *Conn) Seal(dst, data []byte) ([]byte, error) {
	if c.ended {
		return dst, net.ErrClosed
	}
	for len(data) > 0 {
		if c.tls13 && c.out.seq >= RecordsPerKey {
			var err error
			if dst, err = c.updateKey(dst); err != nil {
				return dst, err
			}
		}
		n := min(len(data), MaxPlaintext)
		var err error
		if dst, err = c.record(dst, TypeData, data[:n]); err != nil {
			return dst, err
		}
		data = data[n:]
	}
	return dst, nil
}

// MaxShort is the length of the longest data for SealShort.
const MaxShort = 256

// SealShort is Seal into a buffer of the Conn, for data of at most MaxShort bytes. The buffer
// belongs to the caller until the next call that makes a record.
func (c *Conn) SealShort(data []byte) ([]byte, error) {
	if c.ended {
		return nil, net.ErrClosed
	}
	l, err := c.out.cipher(c.suite, c.tls13)
	if err != nil {
		return nil, err
	}
	return c.Seal(l.room[:0], data)
}

// CloseNotify appends close_notify to dst, the last record of this direction. After a fatal alert
// and a second time it appends nothing.
func (c *Conn) CloseNotify(dst []byte) ([]byte, error) {
	if c.ended {
		return dst, nil
	}
	dst, err := c.record(dst, TypeAlert, []byte{levelWarning, byte(alertCloseNotify)})
	c.ended = true
	return dst, err
}

// Replies says that Reply has something to send.
func (c *Conn) Replies() bool { return c.reply != 0 }

// Answer is the type and the text of the record that is to be sent next because of what was
// received: a KeyUpdate, or an alert, which ends this direction. It is 0 if nothing is to be sent.
// Answered follows when it was sent.
func (c *Conn) Answer() (typ byte, text []byte) {
	switch {
	case c.ended:
	case c.reply&replyUpdate != 0:
		return TypeHandshake, keyUpdate
	case c.reply&replyAlert != 0:
		level := byte(levelFatal)
		if c.alert == alertNoRenegotiation {
			level = levelWarning // RFC 5246, section 7.2.2
		}
		return TypeAlert, []byte{level, byte(c.alert)}
	}
	c.reply = 0
	return 0, nil
}

// keyUpdate is a KeyUpdate that asks for none.
var keyUpdate = []byte{messageKeyUpdate, 0, 0, 1, 0}

const keyUpdateSize = 5

// Answered says that the record of Answer was sent. After a KeyUpdate the key of Keys for sending
// is the next one.
func (c *Conn) Answered() error {
	if c.reply&replyUpdate != 0 {
		c.reply &^= replyUpdate
		return c.out.update(c.suite)
	}
	c.reply, c.ended = 0, true
	return nil
}

// Reply appends to dst the records of Answer.
func (c *Conn) Reply(dst []byte) ([]byte, error) {
	for typ, text := c.Answer(); typ != 0; typ, text = c.Answer() {
		var err error
		if dst, err = c.record(dst, typ, text); err == nil {
			err = c.Answered()
		}
		if err != nil {
			return dst, err
		}
	}
	return dst, nil
}

// updateKey appends a KeyUpdate that asks for none, and goes on to the next key.
func (c *Conn) updateKey(dst []byte) ([]byte, error) {
	dst, err := c.record(dst, TypeHandshake, keyUpdate)
	if err != nil {
		return dst, err
	}
	return dst, c.out.update(c.suite)
}

// record appends one record.
func (c *Conn) record(dst []byte, typ byte, data []byte) ([]byte, error) {
	if c.out.spent() {
		return dst, ErrRecords
	}
	l, err := c.out.cipher(c.suite, c.tls13)
	if err != nil {
		return dst, err
	}
	start := len(dst)
	if c.tls13 {
		dst = append(dst, TypeData, 3, 3, 0, 0)
		dst = append(append(dst, data...), typ)
		binary.BigEndian.PutUint16(dst[start+3:], uint16(len(data)+1+tagSize))
		text := start + HeaderSize
		dst = l.aead.Seal(dst[:text], c.out.nonce13(l), dst[text:], dst[start:text])
	} else {
		dst = append(dst, typ, 3, 3, 0, 0)
		binary.BigEndian.PutUint16(dst[start+3:], uint16(explicitSize+len(data)+tagSize))
		dst = binary.BigEndian.AppendUint64(dst, c.out.seq)
		nonce := nonce12(l, dst[start+HeaderSize:])
		text := len(dst)
		dst = append(dst, data...)
		dst = l.aead.Seal(dst[:text], nonce, dst[text:], c.out.additional12(l, typ, len(data)))
	}
	c.out.seq++
	return dst, nil
}

// Make is a record of any type, for tests of the other end.
func (c *Conn) Make(typ byte, text []byte) ([]byte, error) { return c.record(nil, typ, text) }

// MakePadded is Make with n bytes of padding, in TLS 1.3.
func (c *Conn) MakePadded(typ byte, text []byte, n int) ([]byte, error) {
	// record puts its type behind the text: 0 here, the last byte of the padding.
	inner := append(append(append([]byte(nil), text...), typ), make([]byte, n-1)...)
	return c.record(nil, 0, inner)
}

// NextKey goes on to the next key of what is sent, after a KeyUpdate that Make has made.
func (c *Conn) NextKey() error { return c.out.update(c.suite) }
