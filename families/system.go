package families

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// SystemControl returns an address of PF_SYSTEM (macOS) for the protocol SYSPROTO_CONTROL. name is
// the name of a kernel control, such as "com.apple.net.utun_control". The name must be turned into
// an id (CTLIOCGINFO) before the address is used: see [Addr.Unresolved]. The unit is 0: the kernel
// chooses one.
//
// [Family.Encode] reports a name with a NUL ([ErrNUL]) and a name of more than 96 bytes
// ([ErrControlName]).
func SystemControl(name string) Addr {
	a := Addr{kind: KindSystem, form: systemName, text: name}
	if len(name) > ctlNameLen || strings.IndexByte(name, 0) >= 0 {
		a.form = systemBad
	}
	return a
}

// SystemID returns the address of a kernel control by its id. A unit of 0 lets the kernel choose
// one.
func SystemID(id, unit uint32) Addr { return Addr{kind: KindSystem, a: id, b: unit} }

const (
	systemID   form = iota // an id in a, and a unit in b
	systemName             // a name in text, which must still be turned into an id
	systemBad              // not a name of a control: checkSystem returns the reason
)

const ctlNameLen = 96 // MAX_KCTL_NAME, <sys/kern_control.h>

// SystemID returns the id and the unit of a system address. They are 0 for an address with a name,
// and for other kinds.
func (a Addr) SystemID() (id, unit uint32) {
	if a.kind != KindSystem {
		return 0, 0
	}
	return a.a, a.b
}

// WithSystemID returns the system address a with that id in place of its name or its own id. It
// returns an address of another kind unchanged.
func (a Addr) WithSystemID(id uint32) Addr {
	if a.kind != KindSystem || a.form == systemBad {
		return a
	}
	return SystemID(id, a.b)
}

// checkSystem returns the error of the name, or nil. With resolved, the control must have an id.
func (a Addr) checkSystem(resolved bool) error {
	if a.form == systemID || a.form == systemName && !resolved {
		return nil
	}
	rule, value := ErrControlUnresolved, strconv.Quote(a.text)
	switch {
	case a.form == systemName:
	case strings.IndexByte(a.text, 0) >= 0:
		rule = ErrNUL
	default:
		rule, value = ErrControlName, plural(len(a.text))
	}
	return &AddrError{Family: "system", Value: value, Rule: rule}
}

// systemCodec encodes this structure of <sys/kern_control.h>:
//
//	struct sockaddr_ctl {
//		                           // header           0
//		u_int16_t ss_sysaddr;      // AF_SYS_CONTROL   2
//		u_int32_t sc_id;           // host order       4
//		u_int32_t sc_unit;         // host order       8
//		u_int32_t sc_reserved[5];  //                 12
//	};                             //                 32
//
// Its text is the name, or "#5,1": the id and the unit.
type systemCodec struct{}

const afSysControl = 2 // AF_SYS_CONTROL, <sys/sys_domain.h>

func (systemCodec) text(a Addr) string {
	if a.form != systemID {
		return escape(a.text, " #:")
	}
	return "#" + utoa(a.a) + "," + utoa(a.b)
}

func (systemCodec) parse(s string) (Addr, error) {
	numbers, ok := strings.CutPrefix(s, "#")
	if !ok {
		a := SystemControl(unescape(s))
		if err := a.checkSystem(false); err != nil {
			return Addr{}, err
		}
		return a, nil
	}
	r := readFields("system", numbers, ",")
	id, unit := r.number("id", 32), r.number("unit", 32)
	if err := r.done(); err != nil {
		return Addr{}, err
	}
	return SystemID(uint32(id), uint32(unit)), nil
}

func (systemCodec) encode(_ *System, body []byte, a Addr) (int, error) {
	const n = 32 - headerLen
	if err := a.checkSystem(true); err != nil {
		return 0, err
	}
	if len(body) < n {
		return 0, noRoom("system", headerLen+len(body))
	}
	clear(body[:n])
	binary.NativeEndian.PutUint16(body[0:], afSysControl)
	binary.NativeEndian.PutUint32(body[2:], a.a)
	binary.NativeEndian.PutUint32(body[6:], a.b)
	return n, nil
}

func (systemCodec) decode(_ *System, body []byte) (Addr, error) {
	if len(body) < 12-headerLen {
		return Addr{}, short("system", headerLen+len(body))
	}
	return SystemID(binary.NativeEndian.Uint32(body[2:]), binary.NativeEndian.Uint32(body[6:])), nil
}
