// A tile: one of three multiply cores (Microarchitecture 0 product select, 1 bit serial, 2 ROM and multipliers) and what
// stands behind it, group scales, carry and sums. All strobes come from its row's kiln_tile_control, which knows the
// latencies: issue_* when inputs enter the core, acc_* when they are accumulated, slot_* when a slot of P is taken from the
// second set of registers, out_* when that P is there for scale or carry. docs/units/tile_array.md
module kiln_tile #(
  parameter int unsigned Microarchitecture = 0,
  parameter int unsigned Rows = 64,
  parameter int unsigned Columns = 16,
  parameter int unsigned Layers = 1,
  parameter int unsigned Segments = 1,
  parameter int unsigned Lines = 1,     // inputs of a step
  parameter int unsigned Lanes = 1,     // columns of a slot
  parameter int unsigned MacLanes = 1,
  parameter int unsigned CodeBits = 4,
  parameter int unsigned Books = 1,     // codebooks of its columns
  parameter logic [Books*32-1:0] BookEnds = {Books{32'd16}},
  parameter int unsigned ProductCycles = 1,
  parameter int unsigned CountCycles = 1,
  parameter int unsigned ReadCycles = 1,
  parameter int unsigned MultiplyCycles = 1,
  parameter int unsigned AccumulateCycles = 1,
  parameter bit CutFirst = 1'b0,
  parameter CodesFile = "",
  parameter ScalesFile = ""
) (
  input  logic                             clk_i,
  input  logic                             rst_ni,
  input  logic                             clear_i,
  input  logic [Books*8*(2**CodeBits)-1:0] codebooks_i,
  input  logic                             issue_valid_i,
  input  logic [15:0]                      issue_phase_i,
  input  logic [31:0]                      issue_addr_i,
  input  logic [Lines*8-1:0]               issue_inputs_i,
  input  logic                             acc_valid_i,
  input  logic                             acc_first_i,
  input  logic                             acc_end_i,
  input  logic [15:0]                      acc_phase_i,
  input  logic [31:0]                      acc_addr_i,
  input  logic                             slot_valid_i,
  input  logic [15:0]                      slot_index_i,
  input  logic [15:0]                      out_index_i,
  input  logic                             out_from_kept_i,
  input  logic                             out_keep_i,
  input  logic                             out_scale_i,
  input  logic [31:0]                      out_scale_addr_i,
  input  logic [2:0]                       out_step_i,
  input  logic [5:0]                       out_shift_i,
  input  logic                             carry_valid_i,
  input  logic [Lanes*21-1:0]              carry_i,
  output logic [Lanes*21-1:0]              carry_o,
  output logic [Columns*46-1:0]            sums_o
);

  logic [Lanes*21-1:0] p;

  if (Microarchitecture == 0) begin : g_product_select
    logic unused_strobes;
    assign unused_strobes = ^{issue_phase_i, issue_addr_i, acc_phase_i};

    kiln_tile_product_select #(
      .Rows         (Rows),
      .Columns      (Columns),
      .Layers       (Layers),
      .Lines        (Lines),
      .Lanes        (Lanes),
      .CodeBits     (CodeBits),
      .Books        (Books),
      .BookEnds     (BookEnds),
      .ProductCycles(ProductCycles),
      .CodesFile    (CodesFile)
    ) u_core (
      .clk_i,
      .rst_ni,
      .codebooks_i,
      .issue_valid_i,
      .issue_inputs_i,
      .acc_valid_i,
      .acc_first_i,
      .acc_end_i,
      .acc_addr_i,
      .slot_valid_i,
      .slot_index_i,
      .p_o(p)
    );
  end else if (Microarchitecture == 1) begin : g_bit_serial
    logic unused_strobes;
    assign unused_strobes = ^{issue_phase_i[15:3], issue_addr_i, acc_phase_i[15:3]};

    kiln_tile_bit_serial #(
      .Rows          (Rows),
      .Columns       (Columns),
      .Layers        (Layers),
      .Lines         (Lines),
      .Lanes         (Lanes),
      .CodeBits      (CodeBits),
      .Books         (Books),
      .BookEnds      (BookEnds),
      .CountCycles   (CountCycles),
      .MultiplyCycles(MultiplyCycles),
      .CodesFile     (CodesFile)
    ) u_core (
      .clk_i,
      .rst_ni,
      .codebooks_i,
      .issue_valid_i,
      .issue_phase_i(issue_phase_i[2:0]),
      .issue_inputs_i,
      .acc_valid_i,
      .acc_first_i,
      .acc_end_i,
      .acc_phase_i(acc_phase_i[2:0]),
      .acc_addr_i,
      .slot_valid_i,
      .slot_index_i,
      .p_o(p)
    );
  end else begin : g_rom_mac
    logic unused_strobes;
    assign unused_strobes = ^acc_addr_i;

    kiln_tile_rom_mac #(
      .Rows          (Rows),
      .Columns       (Columns),
      .Layers        (Layers),
      .Lines         (Lines),
      .Lanes         (Lanes),
      .MacLanes      (MacLanes),
      .CodeBits      (CodeBits),
      .Books         (Books),
      .BookEnds      (BookEnds),
      .ReadCycles    (ReadCycles),
      .MultiplyCycles(MultiplyCycles),
      .CodesFile     (CodesFile)
    ) u_core (
      .clk_i,
      .rst_ni,
      .codebooks_i,
      .issue_valid_i,
      .issue_phase_i,
      .issue_addr_i,
      .issue_inputs_i,
      .acc_valid_i,
      .acc_first_i,
      .acc_end_i,
      .acc_phase_i,
      .slot_valid_i,
      .slot_index_i,
      .p_o(p)
    );
  end

  kiln_tile_scale #(
    .Columns         (Columns),
    .Layers          (Layers),
    .Segments        (Segments),
    .Lanes           (Lanes),
    .AccumulateCycles(AccumulateCycles),
    .CutFirst        (CutFirst),
    .ScalesFile      (ScalesFile)
  ) u_scale (
    .clk_i,
    .rst_ni,
    .clear_i,
    .slot_index_i(out_index_i),
    .from_kept_i (out_from_kept_i),
    .keep_i      (out_keep_i),
    .scale_i     (out_scale_i),
    .scale_addr_i(out_scale_addr_i),
    .step_i      (out_step_i),
    .shift_i     (out_shift_i),
    .p_i         (p),
    .carry_valid_i,
    .carry_i,
    .carry_o,
    .sums_o
  );

endmodule
