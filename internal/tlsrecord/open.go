package tlsrecord

import (
	"crypto/tls"
	"encoding/binary"
	"io"
	"net"
)

// Size is the length of the record that p begins with, the header included, or 0 if p does not have
// the whole header. Error: as Open, for a header that no record of this connection has.
func (c *Conn) Size(p []byte) (int, error) {
	if len(p) < HeaderSize {
		return 0, nil
	}
	n := int(binary.BigEndian.Uint16(p[3:]))
	limit := maxBody12
	if c.tls13 {
		limit = maxBody13
	}
	switch {
	case p[1] != 3 || p[2] != 3:
		return 0, c.fail(alertProtocolVersion)
	case n > limit:
		return 0, c.fail(alertRecordOverflow)
	}
	return HeaderSize + n, nil
}

// Open decrypts a record, whose length Size has told, in place, and returns the data that it
// brings: often none, since records of other types are handled here. Call Reply afterwards.
//
// Errors: io.EOF for close_notify; a *net.OpError around a tls.AlertError, with "remote error" for
// an alert of the peer's, and "local error" for a record that breaks a rule, for which Reply has
// the alert. After an error the Conn must not be given another record.
func (c *Conn) Open(record []byte) ([]byte, error) {
	typ, text, err := c.decrypt(record)
	if err != nil {
		return nil, err
	}
	return c.Handle(typ, text)
}

// Handle is Open for a record that was decrypted elsewhere.
func (c *Conn) Handle(typ byte, text []byte) ([]byte, error) {
	if c.tls13 && typ != TypeHandshake && c.message != nil {
		return nil, c.fail(alertUnexpectedMessage) // RFC 8446, section 5.1: no other record comes between
	}
	if typ == TypeData && len(text) > 0 {
		c.useless = 0
		return text, nil
	}
	if c.useless++; c.useless > maxUseless {
		return nil, c.fail(alertUnexpectedMessage)
	}
	switch typ {
	case TypeData:
		return nil, nil
	case TypeAlert:
		return nil, c.alerted(text)
	case TypeHandshake:
		return nil, c.messages(text)
	}
	return nil, c.fail(alertUnexpectedMessage)
}

// decrypt opens a record in place.
func (c *Conn) decrypt(record []byte) (typ byte, text []byte, err error) {
	body := record[HeaderSize:]
	typ = record[0]
	if c.tls13 && typ != TypeData {
		return 0, nil, c.fail(alertUnexpectedMessage)
	}
	if len(body) < tagSize || !c.tls13 && len(body) < explicitSize+tagSize {
		return 0, nil, c.fail(alertBadRecordMAC)
	}
	l, err := c.in.cipher(c.suite, c.tls13)
	if err != nil || c.in.spent() {
		return 0, nil, c.fail(alertInternalError)
	}
	if c.tls13 {
		text, err = l.aead.Open(body[:0], c.in.nonce13(l), body, record[:HeaderSize])
	} else {
		nonce := nonce12(l, body[:explicitSize])
		body = body[explicitSize:]
		text, err = l.aead.Open(body[:0], nonce, body, c.in.additional12(l, typ, len(body)-tagSize))
	}
	if err != nil {
		return 0, nil, c.fail(alertBadRecordMAC)
	}
	c.in.seq++
	if !c.tls13 {
		if len(text) > MaxPlaintext {
			return 0, nil, c.fail(alertRecordOverflow)
		}
		return typ, text, nil
	}
	if len(text) > MaxPlaintext+1 {
		return 0, nil, c.fail(alertRecordOverflow)
	}
	// The type is the last byte that is not zero; what is behind it is padding.
	end := len(text) - 1
	for end >= 0 && text[end] == 0 {
		end--
	}
	if end < 0 {
		return 0, nil, c.fail(alertUnexpectedMessage)
	}
	return text[end], text[:end], nil
}

// Decrypts says whether record has the key and the number of the next one that is received, and
// goes on behind it if so. What is in it counts for nothing, and is destroyed.
func (c *Conn) Decrypts(record []byte) bool {
	_, _, err := c.decrypt(record)
	c.reply &^= replyAlert
	return err == nil
}

// alerted handles an alert of the peer's.
func (c *Conn) alerted(text []byte) error {
	if len(text) != 2 {
		return c.fail(alertDecodeError)
	}
	level, alert := text[0], tls.AlertError(text[1])
	switch {
	case alert == alertCloseNotify:
		return io.EOF
	case c.tls13 && alert == alertUserCanceled, !c.tls13 && level == levelWarning:
		return nil
	case !c.tls13 && level != levelFatal:
		return c.fail(alertIllegalParameter)
	}
	return &net.OpError{Op: "remote error", Err: alert}
}

// Types of messages: RFC 8446, section 4; hello_request RFC 5246, section 7.4.
const (
	messageHelloRequest     = 0
	messageNewSessionTicket = 4
	messageKeyUpdate        = 24
)

// messages handles messages after the handshake, or a part of one.
func (c *Conn) messages(text []byte) error {
	if len(text) == 0 {
		return c.fail(alertUnexpectedMessage)
	}
	if c.message != nil {
		text = append(*c.message, text...)
		c.message = nil
	}
	for len(text) >= 4 {
		n := int(text[1])<<16 | int(text[2])<<8 | int(text[3])
		if n > maxMessage {
			return c.fail(alertDecodeError)
		}
		if len(text) < 4+n {
			break
		}
		typ, body := text[0], text[4:4+n]
		text = text[4+n:]
		if err := c.handle(typ, body, len(text) > 0); err != nil {
			return err
		}
	}
	if len(text) > 0 {
		begin := append([]byte(nil), text...)
		c.message = &begin
	}
	return nil
}

// handle handles one message; more says that the record goes on behind it.
func (c *Conn) handle(typ byte, body []byte, more bool) error {
	switch {
	case !c.tls13 && typ == messageHelloRequest && c.client && len(body) == 0:
		return c.fail(alertNoRenegotiation)
	case c.tls13 && typ == messageNewSessionTicket && c.client:
		if !isTicket(body) {
			return c.fail(alertDecodeError)
		}
		return nil // this layer cannot resume a session
	case c.tls13 && typ == messageKeyUpdate:
		// Keys change at the end of a record: RFC 8446, section 5.1.
		switch {
		case more:
			return c.fail(alertUnexpectedMessage)
		case len(body) != 1:
			return c.fail(alertDecodeError)
		case body[0] > 1:
			return c.fail(alertIllegalParameter)
		}
		if c.in.update(c.suite) != nil {
			return c.fail(alertInternalError)
		}
		c.rekeyed = true
		if body[0] == 1 {
			c.reply |= replyUpdate
		}
		return nil
	}
	return c.fail(alertUnexpectedMessage)
}

// isTicket says whether body has the form of a NewSessionTicket. RFC 8446, section 4.6.1:
//
//	struct {
//		uint32 ticket_lifetime;
//		uint32 ticket_age_add;
//		opaque ticket_nonce<0..255>;
//		opaque ticket<1..2^16-1>;
//		Extension extensions<0..2^16-2>;
//	} NewSessionTicket;
func isTicket(body []byte) bool {
	if len(body) < 9 {
		return false
	}
	nonce := int(body[8])
	body = body[9:]
	if len(body) < nonce+2 {
		return false
	}
	body = body[nonce:]
	ticket := int(binary.BigEndian.Uint16(body))
	body = body[2:]
	if ticket == 0 || len(body) < ticket+2 {
		return false
	}
	body = body[ticket:]
	return len(body) == 2+int(binary.BigEndian.Uint16(body))
}
