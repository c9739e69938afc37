package can

import (
	"fmt"
	"strings"
)

// The classes of an error frame, for ErrorInfo.Class and the mask of SetErrorFilter:
// <linux/can/error.h>.
const (
	CAN_ERR_TX_TIMEOUT = 0x001 // the driver waited too long for a frame to be sent
	CAN_ERR_LOSTARB    = 0x002 // arbitration was lost: ErrorInfo.LostArbitration
	CAN_ERR_CRTL       = 0x004 // the controller has a problem: ErrorInfo.Controller
	CAN_ERR_PROT       = 0x008 // the protocol was violated: ErrorInfo.Protocol and Location
	CAN_ERR_TRX        = 0x010 // the transceiver has a problem: ErrorInfo.Transceiver
	CAN_ERR_ACK        = 0x020 // a frame was not acknowledged
	CAN_ERR_BUSOFF     = 0x040 // the controller is off the bus
	CAN_ERR_BUSERROR   = 0x080 // an error on the bus; there may be many
	CAN_ERR_RESTARTED  = 0x100 // the controller was restarted
	CAN_ERR_CNT        = 0x200 // ErrorInfo.TxErrors and RxErrors are set (Linux 6.0)
)

// Bits of ErrorInfo.Controller: <linux/can/error.h>.
const (
	CAN_ERR_CRTL_RX_OVERFLOW = 0x01
	CAN_ERR_CRTL_TX_OVERFLOW = 0x02
	CAN_ERR_CRTL_RX_WARNING  = 0x04 // more than 96 errors
	CAN_ERR_CRTL_TX_WARNING  = 0x08
	CAN_ERR_CRTL_RX_PASSIVE  = 0x10 // more than 127 errors
	CAN_ERR_CRTL_TX_PASSIVE  = 0x20
	CAN_ERR_CRTL_ACTIVE      = 0x40 // recovered
)

// Bits of ErrorInfo.Protocol: <linux/can/error.h>.
const (
	CAN_ERR_PROT_BIT      = 0x01
	CAN_ERR_PROT_FORM     = 0x02
	CAN_ERR_PROT_STUFF    = 0x04
	CAN_ERR_PROT_BIT0     = 0x08 // a dominant bit could not be sent
	CAN_ERR_PROT_BIT1     = 0x10 // a recessive bit could not be sent
	CAN_ERR_PROT_OVERLOAD = 0x20
	CAN_ERR_PROT_ACTIVE   = 0x40 // the active error announcement
	CAN_ERR_PROT_TX       = 0x80 // while sending
)

// An ErrorInfo is the content of an error frame. The kernel makes error frames; a socket receives
// the classes that SetErrorFilter asks for. See <linux/can/error.h>.
type ErrorInfo struct {
	Class           uint32 // CAN_ERR_TX_TIMEOUT, …: which other fields count
	LostArbitration uint8  // the number of the bit; 0 if unknown
	Controller      uint8  // CAN_ERR_CRTL_*
	Protocol        uint8  // CAN_ERR_PROT_*
	// Where in the frame: CAN_ERR_PROT_LOC_* of the header; String has it in words.
	Location    uint8
	Transceiver uint8 // the wires: CAN_ERR_TRX_* of the header; String has it in words
	TxErrors    uint8 // errors counted in sending, with CAN_ERR_CNT
	RxErrors    uint8 // errors counted in receiving, with CAN_ERR_CNT
}

// ErrorFrame returns the content of an error frame. ok is false if f is another frame. Bytes
// missing from the 8 count as zero.
func (f Frame) ErrorFrame() (e ErrorInfo, ok bool) {
	if !f.IsError() {
		return e, false
	}
	var d [maxData]byte
	copy(d[:], f.Data)
	return ErrorInfo{Class: f.ID & idMask, LostArbitration: d[0], Controller: d[1], Protocol: d[2], Location: d[3],
		Transceiver: d[4], TxErrors: d[6], RxErrors: d[7]}, true
}

// Frame returns the error frame with this content. Sending it is for tests: only receivers on this
// host get it.
func (e ErrorInfo) Frame() Frame {
	return Frame{ID: errorFlag | e.Class&idMask,
		Data: []byte{e.LostArbitration, e.Controller, e.Protocol, e.Location, e.Transceiver, 0, e.TxErrors, e.RxErrors}}
}

// String returns each class in words, such as "lost arbitration in bit 5, bus off".
func (e ErrorInfo) String() string {
	var parts []string
	for i, name := range errorClasses {
		if e.Class&(1<<i) == 0 {
			continue
		}
		switch 1 << i {
		case CAN_ERR_LOSTARB:
			if e.LostArbitration != 0 {
				name += fmt.Sprintf(" in bit %d", e.LostArbitration)
			}
		case CAN_ERR_CRTL:
			name += detail(bitNames(uint32(e.Controller), errorController, ", "))
		case CAN_ERR_PROT:
			name += detail(bitNames(uint32(e.Protocol), errorProtocol, ", "))
			if where := errorLocations[e.Location]; where != "" {
				name += " at " + where
			}
		case CAN_ERR_TRX:
			name += detail(errorWires[e.Transceiver])
		case CAN_ERR_CNT:
			name = fmt.Sprintf("%d errors in sending and %d in receiving", e.TxErrors, e.RxErrors)
		}
		parts = append(parts, name)
	}
	if unknown := e.Class >> len(errorClasses) << len(errorClasses); unknown != 0 {
		parts = append(parts, fmt.Sprintf("class %#x", unknown))
	}
	return strings.Join(parts, ", ")
}

func detail(s string) string {
	if s == "" {
		return ""
	}
	return " (" + s + ")"
}

// By bit.
var (
	errorClasses = [...]string{"transmission timeout", "lost arbitration", "controller problem", "protocol violation",
		"transceiver problem", "no acknowledgement", "bus off", "bus error", "controller restarted", "counters"}
	errorController = []string{"receive overflow", "send overflow", "many receive errors", "many send errors",
		"error passive in receiving", "error passive in sending", "error active again"}
	errorProtocol = []string{"single bit error", "wrong form", "wrong stuffing", "dominant bit not sent", "recessive bit not sent",
		"bus overload", "active error announcement", "while sending"}
)

// CAN_ERR_PROT_LOC_*
var errorLocations = map[uint8]string{
	0x02: "identifier bits 28-21", 0x03: "start of frame", 0x04: "substitute remote request", 0x05: "identifier extension",
	0x06: "identifier bits 20-18", 0x07: "identifier bits 17-13", 0x08: "CRC", 0x09: "reserved bit 0", 0x0a: "data",
	0x0b: "data length code", 0x0c: "remote request", 0x0d: "reserved bit 1", 0x0e: "identifier bits 4-0",
	0x0f: "identifier bits 12-5", 0x12: "intermission", 0x18: "CRC delimiter", 0x19: "acknowledge slot", 0x1a: "end of frame",
	0x1b: "acknowledge delimiter",
}

// CAN_ERR_TRX_*
var errorWires = map[uint8]string{
	0x04: "no wire at CANH", 0x05: "CANH short to battery", 0x06: "CANH short to supply", 0x07: "CANH short to ground",
	0x40: "no wire at CANL", 0x50: "CANL short to battery", 0x60: "CANL short to supply", 0x70: "CANL short to ground",
	0x80: "CANL short to CANH",
}
