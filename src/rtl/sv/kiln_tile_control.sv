// Control of the tiles that share inputs [First, First + Rows) of an array: issues their segments (a segment is the part of
// a group of 64 that lies in them) and gives each its slots for scale and carry. start_i is the cycle before the first
// issue; a segment takes max(steps * Beat, Slots) cycles, its slots are the Slots cycles behind it, the last segment's those
// of the array's tail (tail_*: behind the slowest tile, hop 0; kept parts move on in hop Hop). All times are those of the
// issue and are delayed to acc_* by AccDelay and to out_* by OutDelay more. docs/units/tile_array.md
module kiln_tile_control #(
  parameter int unsigned First = 0,
  parameter int unsigned Rows = 64,
  parameter int unsigned Segments = 1,
  parameter int unsigned Lines = 1,
  parameter int unsigned Beat = 1,
  parameter int unsigned Slots = 1,
  parameter int unsigned AccDelay = 1,
  parameter int unsigned OutDelay = 0,
  parameter int unsigned Hop = 0,        // tiles before this one that hold inputs of its first group
  parameter bit CutLast = 1'b0           // its last group goes on in the next tile
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  start_i,
  input  logic [15:0]           layer_i,
  input  logic [Rows*8-1:0]     codes_i,
  input  logic [Segments*9-1:0] exponents_i,
  input  logic [Segments*3-1:0] steps_i,
  input  logic [8:0]            exponent_i,
  input  logic                  tail_valid_i,
  input  logic [7:0]            tail_hop_i,
  input  logic [15:0]           tail_index_i,
  output logic                  issue_valid_o,
  output logic [15:0]           issue_phase_o,
  output logic [31:0]           issue_addr_o,
  output logic [Lines*8-1:0]    issue_inputs_o,
  output logic                  acc_valid_o,
  output logic                  acc_first_o,
  output logic                  acc_end_o,
  output logic [15:0]           acc_phase_o,
  output logic [31:0]           acc_addr_o,
  output logic                  slot_valid_o,
  output logic [15:0]           slot_index_o,
  output logic [15:0]           out_index_o,
  output logic                  out_from_kept_o,
  output logic                  out_keep_o,
  output logic                  out_send_o,
  output logic                  out_scale_o,
  output logic [31:0]           out_scale_addr_o,
  output logic [2:0]            out_step_o,
  output logic [5:0]            out_shift_o
);

  localparam int unsigned FirstLength = (Rows < 64 - First % 64) ? Rows : 64 - First % 64;
  localparam int unsigned LastLength = (Segments == 1) ? Rows : (First + Rows - 1) % 64 + 1;

  function automatic logic [31:0] cycles_of(input int unsigned length);
    int unsigned busy;
    busy      = (length + Lines - 1) / Lines * Beat;
    cycles_of = (busy > Slots) ? busy : Slots;
  endfunction

  localparam logic [31:0] FirstCycles = cycles_of(FirstLength);
  localparam logic [31:0] InnerCycles = cycles_of(64);
  localparam logic [31:0] LastCycles = cycles_of(LastLength);
  localparam logic [15:0] LastSegment = 16'(Segments - 1);

  // The segment at work: its number, the cycle in it, its first row in the tile, the step's first row in it, the phase.
  logic        run_q;
  logic [15:0] segment_q, row_q, phase_q;
  logic [31:0] cycle_q, cycles;
  logic [6:0]  length;
  logic [7:0]  offset_q;
  logic        last, active, segment_end;

  assign last   = segment_q == LastSegment;
  assign length = last ? 7'(LastLength) : (segment_q == '0) ? 7'(FirstLength) : 7'd64;
  assign cycles = last ? LastCycles : (segment_q == '0) ? FirstCycles : InnerCycles;

  assign active      = run_q && offset_q < 8'(length);
  assign segment_end = run_q && cycle_q == cycles - 32'd1;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      run_q     <= 1'b0;
      segment_q <= '0;
      row_q     <= '0;
      phase_q   <= '0;
      cycle_q   <= '0;
      offset_q  <= '0;
    end else if (start_i || segment_end) begin
      run_q     <= start_i || !last;
      segment_q <= (start_i || last) ? '0 : segment_q + 16'd1;
      row_q     <= (start_i || last) ? '0 : row_q + 16'(length);
      phase_q   <= '0;
      cycle_q   <= '0;
      offset_q  <= '0;
    end else if (run_q) begin
      cycle_q <= cycle_q + 32'd1;
      if (active) begin
        phase_q <= (phase_q == 16'(Beat - 1)) ? '0 : phase_q + 16'd1;
        if (phase_q == 16'(Beat - 1)) offset_q <= offset_q + 8'(Lines);
      end
    end
  end

  assign issue_valid_o = active;
  assign issue_phase_o = phase_q;
  assign issue_addr_o  = 32'(layer_i) * Rows + 32'(row_q) + 32'(offset_q);

  always_comb begin
    issue_inputs_o = '0;
    if (active) begin
      for (int unsigned l = 0; l < Lines; l++) begin
        if (32'(offset_q) + l < 32'(length)) begin
          issue_inputs_o[8*l +: 8] = codes_i[8*(32'(row_q)+32'(offset_q)+l) +: 8];
        end
      end
    end
  end

  logic acc_moves, acc_active, acc_end;

  kiln_delay #(
    .Cycles(AccDelay),
    .Width (51)
  ) u_acc (
    .clk_i,
    .rst_ni,
    .valid_i(active || segment_end),
    .data_i ({active, segment_end, offset_q == '0, phase_q, issue_addr_o}),
    .valid_o(acc_moves),
    .data_o ({acc_active, acc_end, acc_first_o, acc_phase_o, acc_addr_o})
  );

  assign acc_valid_o = acc_moves && acc_active;
  assign acc_end_o   = acc_moves && acc_end;

  // Slots, at issue time: of the segment before in the first cycles of a segment, of the last one in the tail.
  logic        pass_slot, own, kept_turn, keep, send, scale;
  logic [15:0] slot_segment, slot_index;

  assign pass_slot    = run_q && segment_q != '0 && cycle_q < Slots;
  assign own          = pass_slot || (tail_valid_i && tail_hop_i == '0);
  assign kept_turn    = Hop > 0 && tail_valid_i && tail_hop_i == 8'(Hop);
  assign slot_index   = tail_valid_i ? tail_index_i : cycle_q[15:0];
  assign slot_segment = kept_turn ? '0 : tail_valid_i ? LastSegment : segment_q - 16'd1;

  assign keep  = own && Hop > 0 && slot_segment == '0;
  assign send  = (own && !keep && CutLast && slot_segment == LastSegment) ||
                 (kept_turn && CutLast && Segments == 1);
  assign scale = (own || kept_turn) && !keep && !send;

  logic        slot_moves, slot_own, out_moves, out_keep, out_send, out_scale, out_kept_turn;
  logic [35:0] slot, out;
  logic [15:0] out_segment;

  kiln_delay #(
    .Cycles(AccDelay),
    .Width (37)
  ) u_slot (
    .clk_i,
    .rst_ni,
    .valid_i(pass_slot || tail_valid_i),
    .data_i ({own, keep, send, scale, kept_turn, slot_segment, slot_index}),
    .valid_o(slot_moves),
    .data_o ({slot_own, slot})
  );

  kiln_delay #(
    .Cycles(OutDelay),
    .Width (36)
  ) u_out (
    .clk_i,
    .rst_ni,
    .valid_i(slot_moves),
    .data_i (slot),
    .valid_o(out_moves),
    .data_o (out)
  );

  assign slot_valid_o = slot_moves && slot_own;
  assign slot_index_o = slot[15:0];

  assign {out_keep, out_send, out_scale, out_kept_turn, out_segment, out_index_o} = out;

  assign out_keep_o       = out_moves && out_keep;
  assign out_send_o       = out_moves && out_send;
  assign out_scale_o      = out_moves && out_scale;
  assign out_from_kept_o  = out_moves && out_kept_turn;
  assign out_scale_addr_o = 32'(layer_i) * Segments + 32'(out_segment);
  assign out_step_o       = steps_i[3*32'(out_segment) +: 3];

  // E - e, 32 and more alike; E is the largest, so it is not negative.
  logic [9:0] shift;
  assign shift       = {exponent_i[8], exponent_i} -
                       10'($signed(exponents_i[9*32'(out_segment) +: 9]));
  assign out_shift_o = (shift >= 10'd32) ? 6'd32 : 6'(shift);

endmodule
