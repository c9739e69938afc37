package tlsrecord

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
)

// Content types: RFC 8446, section 5.1.
const (
	TypeChangeCipherSpec = 20
	TypeAlert            = 21
	TypeHandshake        = 22
	TypeData             = 23
)

// Alerts: RFC 8446, section 6.
const (
	alertCloseNotify       tls.AlertError = 0
	alertUnexpectedMessage tls.AlertError = 10
	alertBadRecordMAC      tls.AlertError = 20
	alertRecordOverflow    tls.AlertError = 22
	alertIllegalParameter  tls.AlertError = 47
	alertDecodeError       tls.AlertError = 50
	alertProtocolVersion   tls.AlertError = 70
	alertInternalError     tls.AlertError = 80
	alertUserCanceled      tls.AlertError = 90
	alertNoRenegotiation   tls.AlertError = 100
)

const (
	levelWarning = 1
	levelFatal   = 2
)

// Sizes in bytes: RFC 8446, section 5.2; RFC 5246, section 6.2.3.
const (
	HeaderSize   = 5
	MaxPlaintext = 1 << 14
	tagSize      = 16
	explicitSize = 8 // of the nonce, in a record of TLS 1.2
	maxBody13    = MaxPlaintext + 256
	maxBody12    = MaxPlaintext + 2048
	// MaxRecord is the length of the longest record of any version, with its header.
	MaxRecord = HeaderSize + maxBody12
)

// RecordsPerKey is after how many records a sender of TLS 1.3 takes the next key. RFC 8446, section
// 5.5, allows 2^24.5 full records with AES-GCM. TLS 1.2 has no way to change keys without
// renegotiation, and goes on.
const RecordsPerKey = 1 << 24

// maxUseless is how many records in a row may bring nothing: empty ones, warnings, tickets,
// updates. It is crypto/tls's limit.
const maxUseless = 16

// maxMessage is the length of the longest message after the handshake, as in crypto/tls.
const maxMessage = 64 << 10

// A Conn is one end of a connection whose handshake is over. One goroutine may receive (Size, Open,
// Replies) while another one sends (Seal, CloseNotify). Reply does both, and needs both to itself.
type Conn struct {
	suite   *Suite
	in, out half
	message *[]byte        // receiving; the begin of a message after the handshake, mostly nil
	useless uint8          // receiving; records in a row that brought nothing
	reply   uint8          // receiving; what is to be sent, see Reply
	alert   tls.AlertError // receiving; with replyAlert
	ended   bool           // sending; close_notify or a fatal alert was made
	rekeyed bool           // receiving; see Rekeyed
	tls13   bool           // immutable
	client  bool           // immutable
}

// What Reply has to send.
const (
	replyUpdate = 1 << iota // a KeyUpdate, which the peer has asked for
	replyAlert
)

// Params are what a Conn begins with.
type Params struct {
	Version uint16 // tls.VersionTLS13 or VersionTLS12
	Suite   uint16
	Client  bool // this end is the client

	// In and Out are, in TLS 1.3, the traffic secrets of what is received and of what is sent; in
	// TLS 1.2 the key and the IV, one behind the other.
	In, Out []byte
	// InSeq and OutSeq are the numbers of the next records.
	InSeq, OutSeq uint64
	// Elsewhere says that another part, the kernel, opens and makes the records: the Conn needs no
	// cipher, and only the methods for that part are used: see Keys.
	Elsewhere bool
}

// New makes a Conn. Errors: a suite that the package does not serve, ErrCipher among them; a secret
// that does not have its length.
func New(p *Params) (*Conn, error) {
	c := new(Conn)
	return c, c.Init(p)
}

// Init is New for a Conn that is part of something else.
func (c *Conn) Init(p *Params) error {
	s := SuiteOf(p.Version, p.Suite)
	if s == nil {
		return fmt.Errorf("%s with %s: not served", tls.CipherSuiteName(p.Suite), tls.VersionName(p.Version))
	}
	*c = Conn{suite: s, tls13: p.Version == tls.VersionTLS13, client: p.Client}
	want := s.KeySize + s.IVSize
	if c.tls13 {
		want = s.SecretSize()
	}
	if len(p.In) != want || len(p.Out) != want {
		return fmt.Errorf("secrets of %d and %d bytes: %s wants %d", len(p.In), len(p.Out), tls.CipherSuiteName(p.Suite), want)
	}
	copy(c.in.secret[:], p.In)
	copy(c.out.secret[:], p.Out)
	c.in.seq, c.out.seq = p.InSeq, p.OutSeq
	if p.Elsewhere {
		return nil
	}
	for _, h := range []*half{&c.in, &c.out} {
		if _, err := h.cipher(s, c.tls13); err != nil {
			return err
		}
	}
	return nil
}

// Version is that of TLS.
func (c *Conn) Version() uint16 {
	if c.tls13 {
		return tls.VersionTLS13
	}
	return tls.VersionTLS12
}

// Suite is the cipher suite's number.
func (c *Conn) Suite() uint16 { return c.suite.ID }

// ErrRecords is the error of a Seal for which no record number is left.
var ErrRecords = errors.New("no record number is left")

// fail notes an alert for Reply, and is the error of a record that asks for it.
func (c *Conn) fail(a tls.AlertError) error {
	c.reply |= replyAlert
	c.alert = a
	return &net.OpError{Op: "local error", Err: a}
}
