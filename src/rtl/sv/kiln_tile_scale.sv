// Behind a tile's multiply core: group scales, the carry of groups that tile borders cut, and the sums S.
// A slot brings P of Lanes columns (slot_index_i): the segment's own (p_i) or, from_kept_i, what was kept of the tile's
// first segment. scale_i: t = rsh(scale * step * P, shift) is added to S, AccumulateCycles behind. keep_i: P is kept until
// the parts of the group from the tiles before have come (carry_valid_i, added to it). carry_o is the slot's P, for the
// next tile. shift_i of 32 and more (bit 5) gives 0. docs/units/tile_array.md, docs/numerics.md "A matrix row"
module kiln_tile_scale #(
  parameter int unsigned Columns = 16,
  parameter int unsigned Layers = 1,
  parameter int unsigned Segments = 1,
  parameter int unsigned Lanes = 1,
  parameter int unsigned AccumulateCycles = 1,
  parameter bit CutFirst = 1'b0,  // the first segment's group begins in a tile before
  parameter ScalesFile = ""
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  clear_i,
  input  logic [15:0]           slot_index_i,
  input  logic                  from_kept_i,
  input  logic                  keep_i,
  input  logic                  scale_i,
  input  logic [31:0]           scale_addr_i,
  input  logic [2:0]            step_i,
  input  logic [5:0]            shift_i,
  input  logic [Lanes*21-1:0]   p_i,
  input  logic                  carry_valid_i,
  input  logic [Lanes*21-1:0]   carry_i,
  output logic [Lanes*21-1:0]   carry_o,
  output logic [Columns*46-1:0] sums_o
);

  localparam int unsigned Slots = (Columns + Lanes - 1) / Lanes;
  localparam int unsigned Padded = Slots * Lanes;  // nobody reads what the last slot has too many

  logic [Lanes*21-1:0]   p;
  logic [Lanes*32-1:0]   terms_q, terms;
  logic                  terms_valid_q, terms_valid;
  logic [15:0]           terms_index_q, terms_index;
  logic [Columns*46-1:0] sums_q;

  if (CutFirst) begin : g_kept
    logic [Padded*21-1:0] kept_q;
    logic [Lanes*21-1:0]  kept;

    always_comb begin
      kept = kept_q[0 +: 21*Lanes];
      if (from_kept_i || carry_valid_i) begin
        for (int unsigned s = 1; s < Slots; s++) begin
          if (slot_index_i == 16'(s)) kept = kept_q[21*Lanes*s +: 21*Lanes];
        end
      end
    end

    function automatic logic [Padded*21-1:0] added(input logic [Padded*21-1:0] all, input logic [15:0] slot,
                                                   input logic [Lanes*21-1:0] own, input logic more,
                                                   input logic [Lanes*21-1:0] carried);
      added = all;
      for (int unsigned s = 0; s < Slots; s++) begin
        if (slot == 16'(s)) begin
          for (int unsigned i = 0; i < Lanes; i++) begin
            added[21*(Lanes*s+i) +: 21] = own[21*i +: 21] + (more ? carried[21*i +: 21] : 21'd0);
          end
        end
      end
    endfunction

    always_ff @(posedge clk_i) begin
      if (keep_i || carry_valid_i) begin
        kept_q <= added(kept_q, slot_index_i, keep_i ? p_i : kept, carry_valid_i, carry_i);
      end
    end

    assign p = from_kept_i ? kept : p_i;
  end else begin : g_whole
    logic unused_carry;
    assign unused_carry = ^{from_kept_i, keep_i, carry_valid_i, carry_i};
    assign p            = p_i;
  end

  assign carry_o = p;

  localparam int unsigned Depth = Layers * Segments;
  localparam int unsigned AddrWidth = (Depth > 1) ? $clog2(Depth) : 1;

  logic [Columns*8-1:0] scales [Depth];

  initial $readmemh(ScalesFile, scales);

  logic unused_addr;
  assign unused_addr = ^scale_addr_i;

  function automatic logic [Lanes*32-1:0] scaled(input logic [Lanes*21-1:0] sums, input logic [15:0] slot,
                                                 input logic [Columns*8-1:0] all_scales,
                                                 input logic [2:0] step, input logic [5:0] shift);
    logic [Lanes*8-1:0]  scale;
    logic signed [31:0]  product;  // below 2^31 in magnitude
    logic signed [32:0]  rounded;
    for (int unsigned s = 0; s < Slots; s++) begin
      if (s == 0 || slot == 16'(s)) begin
        for (int unsigned i = 0; i < Lanes; i++) begin
          if (Lanes * s + i < Columns) scale[8*i +: 8] = all_scales[8*(Lanes*s+i) +: 8];
          else scale[8*i +: 8] = '0;
        end
      end
    end
    for (int unsigned i = 0; i < Lanes; i++) begin
      product = $signed(sums[21*i +: 21]) * $signed({21'd0, 11'(scale[8*i +: 8]) * 11'(step)});
      rounded = 33'(product) + ((shift == '0) ? 33'sd0 : (33'sd1 <<< (shift[4:0] - 5'd1)));
      scaled[32*i +: 32] = shift[5] ? '0 : 32'(rounded >>> shift[4:0]);
    end
  endfunction

  function automatic logic [Columns*46-1:0] accumulated(input logic [Columns*46-1:0] sums,
                                                        input logic [15:0] slot,
                                                        input logic [Lanes*32-1:0] slot_terms);
    accumulated = sums;
    for (int unsigned s = 0; s < Slots; s++) begin
      if (slot == 16'(s)) begin
        for (int unsigned i = 0; i < Lanes && Lanes * s + i < Columns; i++) begin
          accumulated[46*(Lanes*s+i) +: 46] =
              sums[46*(Lanes*s+i) +: 46] + 46'($signed(slot_terms[32*i +: 32]));
        end
      end
    end
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) terms_valid_q <= 1'b0;
    else terms_valid_q <= scale_i;
  end

  always_ff @(posedge clk_i) begin
    if (scale_i) begin
      terms_q       <= scaled(p, slot_index_i, scales[AddrWidth'(scale_addr_i)], step_i, shift_i);
      terms_index_q <= slot_index_i;
    end
    // verilator lint_off WIDTHCONCAT
    if (clear_i) sums_q <= '0;  // all columns of a tile, however wide
    // verilator lint_on WIDTHCONCAT
    else if (terms_valid) sums_q <= accumulated(sums_q, terms_index, terms);
  end

  kiln_delay #(
    .Cycles(AccumulateCycles - 1),
    .Width (Lanes * 32 + 16)
  ) u_terms (
    .clk_i,
    .rst_ni,
    .valid_i(terms_valid_q),
    .data_i ({terms_q, terms_index_q}),
    .valid_o(terms_valid),
    .data_o ({terms, terms_index})
  );

  assign sums_o = sums_q;

endmodule
