// Embedding ROM: reads and converts ElementsPerCycle elements of a token's row in a cycle. Row
// element i is float(row scale * codebook[code] * group scale), rounded once (docs/numerics.md,
// "Embedding row"). The id is taken at t; beat k is available at t + ReadCycles + (k + 1) *
// ceil(BeatElements / ElementsPerCycle) - 1. The next id is taken when all beats have left.
// docs/units/embedding_rom.md
module kiln_embedding_rom #(
  parameter int unsigned VocabSize = 1,
  parameter int unsigned HiddenSize = 64,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned ElementsPerCycle = 64,
  parameter int unsigned ReadCycles = 1,
  parameter int unsigned CodeBits = 8,
  parameter CodesFile = "",
  parameter ScalesFile = "",
  parameter RowScalesFile = "",
  parameter CodebookFile = ""
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       id_valid_i,
  output logic                       id_ready_o,
  input  logic [31:0]                id_data_i,
  output logic                       row_valid_o,
  input  logic                       row_ready_i,
  output logic [BeatElements*32-1:0] row_data_o
);

  localparam int unsigned Lanes =
      (ElementsPerCycle < BeatElements) ? ElementsPerCycle : BeatElements;
  localparam int unsigned Groups = (BeatElements + Lanes - 1) / Lanes;
  localparam int unsigned Beats = (HiddenSize + BeatElements - 1) / BeatElements;
  localparam int unsigned CodesWidth = Lanes * CodeBits;
  localparam int unsigned ScalesWidth = BeatElements / 64 * 8;
  localparam int unsigned LeftWidth = $clog2(Beats + 1);

  // The first group is read in the cycle in which the id is taken, the others in those behind it.
  logic                 start, step, busy_q;
  logic [31:0]          id, id_q;
  logic [31:0]          beat_q, group_q;  // of the group that is read; 0 between rows
  logic [LeftWidth-1:0] left_q;           // beats that have not left
  logic                 last_group, last_step, leaves;

  assign start      = id_valid_i && id_ready_o;
  assign step       = start || busy_q;
  assign id         = start ? id_data_i : id_q;
  assign last_group = group_q == Groups - 1;
  assign last_step  = last_group && beat_q == Beats - 1;
  assign leaves     = row_valid_o && row_ready_i;
  assign id_ready_o = left_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q  <= 1'b0;
      beat_q  <= '0;
      group_q <= '0;
      left_q  <= '0;
    end else begin
      if (start) left_q <= LeftWidth'(Beats);
      else if (leaves) left_q <= left_q - LeftWidth'(1);
      if (step) begin
        busy_q  <= !last_step;
        group_q <= last_group ? '0 : group_q + 32'd1;
        if (last_group) beat_q <= last_step ? '0 : beat_q + 32'd1;
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) id_q <= id_data_i;
  end

  logic [CodesWidth-1:0]  codes;
  logic [ScalesWidth-1:0] scales;
  logic [31:0]            row_scale;
  logic [7:0]             codebook [2**CodeBits];  // each lane has its own look-up in it

  // A word of codes is a lane group, one of scales a beat.
  logic [31:0] beat_addr, group_addr;
  assign beat_addr  = id * Beats + beat_q;
  assign group_addr = beat_addr * Groups + group_q;

  kiln_rom #(
    .Width(CodesWidth), .Depth(VocabSize * Beats * Groups), .File(CodesFile)
  ) u_codes (
    .read_i(step), .addr_i(group_addr), .data_o(codes)
  );
  kiln_rom #(.Width(ScalesWidth), .Depth(VocabSize * Beats), .File(ScalesFile)) u_scales (
    .read_i(step), .addr_i(beat_addr), .data_o(scales)
  );
  kiln_rom #(.Width(32), .Depth(VocabSize), .File(RowScalesFile)) u_row_scales (
    .read_i(step), .addr_i(id), .data_o(row_scale)
  );
  initial $readmemh(CodebookFile, codebook);

  function automatic logic [31:0] convert(input logic [7:0] value, input logic [7:0] scale,
                                          input logic [31:0] row);
    // verilator no_inline_task
    logic [7:0]  magnitude;
    logic [15:0] product;
    logic [39:0] scaled;
    magnitude = value[7] ? 8'(-value) : value;
    product   = {8'd0, magnitude} * {8'd0, scale};
    scaled    = {24'd0, product} * {16'd0, row[30:23] != 8'd0, row[22:0]};
    return kiln_pkg::fp_from_int(value[7] ^ row[31], {88'd0, scaled},
                                 {8'd0, row[30:23]} - 16'd150);
  endfunction

  logic [Lanes*32-1:0] elements;
  logic [31:0]         in_beat, i;  // of a lane's element

  always_comb begin
    elements = (Lanes * 32)'(0);
    in_beat  = '0;
    i        = '0;
    if (step) begin
      for (int unsigned lane = 0; lane < Lanes; lane++) begin
        in_beat = group_q * Lanes + lane;
        i = beat_q * BeatElements + in_beat;
        if (in_beat < BeatElements && i < HiddenSize) begin
          elements[32*lane +: 32] = convert(
              codebook[codes[lane*CodeBits +: CodeBits]], scales[(in_beat/64)*8 +: 8],
              row_scale);
        end
      end
    end
  end

  logic                read;
  logic [Lanes*32-1:0] read_elements;

  kiln_delay #(.Cycles(ReadCycles - 1), .Width(Lanes * 32)) u_read (
    .clk_i,
    .rst_ni,
    .valid_i(step),
    .data_i (elements),
    .valid_o(read),
    .data_o (read_elements)
  );

  kiln_beat_collector #(.BeatElements(BeatElements), .Lanes(Lanes), .Depth(Beats)) u_beats (
    .clk_i,
    .rst_ni,
    .valid_i(read),
    .data_i (read_elements),
    .valid_o(row_valid_o),
    .ready_i(row_ready_i),
    .data_o (row_data_o)
  );

endmodule
