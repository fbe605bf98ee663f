// Multiply core of a tile, bit serial: bit issue_phase_i of Lines activations enters (the least significant first), each on
// a wire into the region of its cell's code; a region's population count, weighted by 2^bit (the sign's plane negative),
// adds up to N (CountCycles, whose registers stand ahead of the counts, where they are fewest). Behind a segment N moves to
// a second set of registers and constant multipliers make P of Lanes columns a slot (MultiplyCycles).
// docs/units/bit_serial.md
module kiln_tile_bit_serial #(
  parameter int unsigned Rows = 64,
  parameter int unsigned Columns = 16,
  parameter int unsigned Layers = 1,
  parameter int unsigned Lines = 1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned CodeBits = 4,
  parameter int unsigned Books = 1,
  parameter logic [Books*32-1:0] BookEnds = {Books{32'd16}},
  parameter int unsigned CountCycles = 1,
  parameter int unsigned MultiplyCycles = 1,
  parameter CodesFile = ""
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic [Books*8*(2**CodeBits)-1:0] codebooks_i,
  input  logic                             issue_valid_i,
  input  logic [2:0]                       issue_phase_i,
  input  logic [Lines*8-1:0]               issue_inputs_i,
  input  logic                             acc_valid_i,
  input  logic                             acc_first_i,
  input  logic                             acc_end_i,
  input  logic [2:0]                       acc_phase_i,
  input  logic [31:0]                      acc_addr_i,
  input  logic                             slot_valid_i,
  input  logic [15:0]                      slot_index_i,
  output logic [Lanes*21-1:0]              p_o
);

  localparam int unsigned Values = 2 ** CodeBits;
  localparam int unsigned Word = Lines * Columns * CodeBits;
  localparam int unsigned Row = Columns * CodeBits;
  localparam int unsigned Depth = Layers * Rows;
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;
  localparam int unsigned Slots = (Columns + Lanes - 1) / Lanes;
  localparam int unsigned Column = Values * 14;           // N of a column: value v, s(14), at [14*v +: 14]
  localparam int unsigned Sums = Slots * Lanes * Column;  // nobody reads what the last slot has too many

  logic [Lines-1:0]    plane, bits;
  logic                unused_bits_valid, unused_p_valid, p_valid_q;
  logic [Sums-1:0]     acc_q, hold_q;
  logic [Lanes*21-1:0] p_q;

  always_comb begin
    for (int unsigned l = 0; l < Lines; l++) plane[l] = issue_inputs_i[8*l+32'(issue_phase_i)];
  end

  kiln_delay #(
    .Cycles(CountCycles),
    .Width (Lines)
  ) u_bits (
    .clk_i,
    .rst_ni,
    .valid_i(issue_valid_i),
    .data_i (plane),
    .valid_o(unused_bits_valid),
    .data_o (bits)
  );

  // The cells, a word of codes each row. The rows of a step lie side by side: Lines banks, row modulo Lines, would serve.
  logic [Row-1:0] cells [Depth];

  initial $readmemh(CodesFile, cells);

  function automatic logic [Sums-1:0] counted(input logic [Sums-1:0] sums, input logic first,
                                              input logic [2:0] bit_index, input logic [Lines-1:0] ones,
                                              input logic [Word-1:0] codes);
    logic [Values*Lines-1:0] wires;  // of a column: region v has wire l at [v * Lines + l]
    logic [CodeBits-1:0]     code;
    logic [13:0]             weighted;
    counted = sums;
    for (int unsigned c = 0; c < Columns; c++) begin
      for (int unsigned l = 0; l < Lines; l++) begin
        code = codes[CodeBits*(l*Columns+c) +: CodeBits];
        for (int unsigned v = 0; v < Values; v++) wires[Lines*v+l] = ones[l] && code == CodeBits'(v);
      end
      for (int unsigned v = 0; v < Values; v++) begin
        weighted = 14'($countones(wires[Lines*v +: Lines])) << bit_index;
        counted[c*Column+14*v +: 14] =
            (first ? 14'd0 : sums[c*Column+14*v +: 14]) +
            ((bit_index == 3'd7) ? -weighted : weighted);
      end
    end
  endfunction

  always_ff @(posedge clk_i) begin : accumulate
    logic [Sums-1:0] sums;
    logic [Word-1:0] codes;
    if (acc_valid_i || acc_end_i) begin
      for (int unsigned l = 0; l < Lines; l++) begin
        codes[Row*l +: Row] = cells[AddrWidth'(acc_addr_i+l)];
      end
      sums = acc_valid_i ? counted(acc_q, acc_first_i && acc_phase_i == '0, acc_phase_i, bits,
                                     codes) : acc_q;
      acc_q <= sums;
      if (acc_end_i) hold_q <= sums;
    end
  end

  // Multipliers of the columns of a slot: P of lane i, the sum over v of c[v] * N[v].
  function automatic logic [Lanes*21-1:0] multiplied(input logic [Sums-1:0] sums, input logic [15:0] slot,
                                                     input logic [Books*8*Values-1:0] books);
    logic [Lanes*Column-1:0] counts;
    logic [31:0]             column, book;
    logic signed [20:0]      p;
    counts = sums[0 +: Lanes*Column];
    for (int unsigned s = 1; s < Slots; s++) begin
      if (slot == 16'(s)) counts = sums[Lanes*Column*s +: Lanes*Column];
    end
    for (int unsigned i = 0; i < Lanes; i++) begin
      column = 32'(slot) * Lanes + i;
      book   = '0;
      for (int unsigned k = 1; k < Books; k++) begin
        if (column >= BookEnds[32*(k-1) +: 32]) book = k;
      end
      p = '0;
      for (int unsigned v = 0; v < Values; v++) begin
        p = p + 21'($signed(books[8*(Values*book+v) +: 8])) * 21'($signed(counts[Column*i+14*v +: 14]));
      end
      multiplied[21*i +: 21] = p;
    end
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) p_valid_q <= 1'b0;
    else p_valid_q <= slot_valid_i;
  end

  always_ff @(posedge clk_i) begin
    if (slot_valid_i) p_q <= multiplied(hold_q, slot_index_i, codebooks_i);
  end

  kiln_delay #(
    .Cycles(MultiplyCycles - 1),
    .Width (Lanes * 21)
  ) u_multiply (
    .clk_i,
    .rst_ni,
    .valid_i(p_valid_q),
    .data_i (p_q),
    .valid_o(unused_p_valid),
    .data_o (p_o)
  );

endmodule
