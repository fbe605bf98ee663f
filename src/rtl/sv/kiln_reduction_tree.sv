// Reduction tree of an array: adds the partial sums of its tiles over the inputs for OutputsPerCycle outputs a cycle, in
// levels of adders with FanIn inputs, applies the row scale and rounds once (docs/numerics.md, "A matrix row").
// The sums are taken at t; with c = ceil(BeatElements / OutputsPerCycle), beat k is available at
//   t + depth * LevelCycles + ScaleCycles + (k + 1) * c - 1.
// Beats come section by section, or alternating between the sections; the next sums are taken when all have left.
// docs/units/reduction_tree.md
module kiln_reduction_tree #(
  parameter int unsigned Tiles = 1,
  parameter int unsigned Outputs = 64,
  parameter int unsigned Layers = 1,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned FanIn = 2,
  parameter int unsigned LevelCycles = 1,
  parameter int unsigned OutputsPerCycle = 64,
  parameter int unsigned ScaleCycles = 1,
  parameter int unsigned Sections = 1,
  parameter logic [Sections*32-1:0] SectionFirsts = '0,
  parameter logic [Sections*32-1:0] SectionRows = {Sections{32'd64}},
  parameter int unsigned Interleave = 0,
  parameter RowScalesFile = ""
) (
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic [15:0]                   layer_i,
  input  logic                          sums_valid_i,
  output logic                          sums_ready_o,
  input  logic [Tiles*Outputs*46+9-1:0] sums_data_i,
  output logic                          y_valid_o,
  input  logic                          y_ready_i,
  output logic [BeatElements*32-1:0]    y_data_o
);

  localparam int unsigned Lanes = (OutputsPerCycle < BeatElements) ? OutputsPerCycle : BeatElements;
  localparam int unsigned SumsWidth = Tiles * Outputs * 46;

  function automatic int unsigned beats_of_all();
    beats_of_all = 0;
    for (int unsigned s = 0; s < Sections; s++) begin
      beats_of_all += (SectionRows[32*s +: 32] + BeatElements - 1) / BeatElements;
    end
  endfunction

  /// Sums of an output that are left behind `level` levels.
  function automatic int unsigned nodes(input int unsigned level);
    nodes = Tiles;
    for (int unsigned l = 0; l < level; l++) nodes = (nodes + FanIn - 1) / FanIn;
  endfunction

  function automatic int unsigned levels();
    levels = 0;
    while (nodes(levels) > 1) levels++;
  endfunction

  localparam int unsigned Beats = beats_of_all();
  localparam int unsigned Depth = levels();
  localparam int unsigned LeftWidth = $clog2(Beats + 1);

  // The first outputs enter in the cycle in which the sums are taken, from the port; the others from the register.
  logic                   start, step, busy_q;
  logic [SumsWidth+9-1:0] sums_q;
  logic [LeftWidth-1:0]   left_q;  // beats that have not left
  logic                   leaves, last_step;
  logic [31:0]            column, count;

  assign start        = sums_valid_i && sums_ready_o;
  assign step         = start || busy_q;
  assign leaves       = y_valid_o && y_ready_i;
  assign sums_ready_o = left_q == '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      busy_q <= 1'b0;
      left_q <= '0;
    end else begin
      if (step) busy_q <= !last_step;
      if (start) left_q <= LeftWidth'(Beats);
      else if (leaves) left_q <= left_q - LeftWidth'(1);
    end
  end

  always_ff @(posedge clk_i) begin
    if (start) sums_q <= sums_data_i;
  end

  kiln_tree_walk #(
    .BeatElements (BeatElements),
    .Lanes        (Lanes),
    .Sections     (Sections),
    .SectionFirsts(SectionFirsts),
    .SectionRows  (SectionRows),
    .Interleave   (Interleave)
  ) u_walk (
    .clk_i,
    .rst_ni,
    .step_i  (step),
    .column_o(column),
    .count_o (count),
    .last_o  (last_step)
  );

  // What goes through the levels: the lanes' sums, [lane][node], and behind them exponent, count and column.
  localparam int unsigned TagWidth = 9 + 32 + 32;

  logic [Lanes*Tiles*46-1:0] terms;
  logic [8:0]                exponent;

  assign exponent = start ? sums_data_i[SumsWidth +: 9] : sums_q[SumsWidth +: 9];

  always_comb begin
    terms = (Lanes * Tiles * 46)'(0);
    if (start) begin
      for (int unsigned lane = 0; lane < Lanes; lane++) begin
        for (int unsigned tile = 0; tile < Tiles; tile++) begin
          if (lane < count) begin
            terms[(lane*Tiles+tile)*46 +: 46] = sums_data_i[(tile*Outputs+column+lane)*46 +: 46];
          end
        end
      end
    end else if (busy_q) begin
      for (int unsigned lane = 0; lane < Lanes; lane++) begin
        for (int unsigned tile = 0; tile < Tiles; tile++) begin
          if (lane < count) begin
            terms[(lane*Tiles+tile)*46 +: 46] = sums_q[(tile*Outputs+column+lane)*46 +: 46];
          end
        end
      end
    end
  end

  for (genvar level = 0; level < Depth; level++) begin : g_level
    localparam int unsigned From = nodes(level);
    localparam int unsigned To   = nodes(level + 1);

    logic                     in_valid, out_valid;
    logic [TagWidth-1:0]      in_tag, out_tag;
    logic [Lanes*From*46-1:0] in_sums;
    logic [Lanes*To*46-1:0]   added, out_sums;

    if (level == 0) begin : g_first
      assign in_valid = step;
      assign in_tag   = {exponent, count, column};
      assign in_sums  = terms;
    end else begin : g_next
      assign in_valid = g_level[level-1].out_valid;
      assign in_tag   = g_level[level-1].out_tag;
      assign in_sums  = g_level[level-1].out_sums;
    end

    always_comb begin
      added = (Lanes * To * 46)'(0);
      if (in_valid) begin
        for (int unsigned lane = 0; lane < Lanes; lane++) begin
          for (int unsigned node = 0; node < From; node++) begin
            added[(lane*To+node/FanIn)*46 +: 46] += in_sums[(lane*From+node)*46 +: 46];
          end
        end
      end
    end

    kiln_delay #(.Cycles(LevelCycles), .Width(TagWidth + Lanes * To * 46)) u_registers (
      .clk_i,
      .rst_ni,
      .valid_i(in_valid),
      .data_i ({in_tag, added}),
      .valid_o(out_valid),
      .data_o ({out_tag, out_sums})
    );
  end

  logic                root_valid;
  logic [TagWidth-1:0] root_tag;
  logic [Lanes*46-1:0] root_sums;

  if (Depth == 0) begin : g_one_tile
    assign root_valid = step;
    assign root_tag   = {exponent, count, column};
    assign root_sums  = terms;
  end else begin : g_root
    assign root_valid = g_level[Depth-1].out_valid;
    assign root_tag   = g_level[Depth-1].out_tag;
    assign root_sums  = g_level[Depth-1].out_sums;
  end

  logic                scaled;
  logic [Lanes*32-1:0] scaled_elements;

  kiln_row_scale #(
    .Outputs      (Outputs),
    .Layers       (Layers),
    .Lanes        (Lanes),
    .ScaleCycles  (ScaleCycles),
    .RowScalesFile(RowScalesFile)
  ) u_scale (
    .clk_i,
    .rst_ni,
    .layer_i,
    .valid_i   (root_valid),
    .exponent_i(root_tag[64 +: 9]),
    .count_i   (root_tag[32 +: 32]),
    .column_i  (root_tag[0 +: 32]),
    .sums_i    (root_sums),
    .valid_o   (scaled),
    .elements_o(scaled_elements)
  );

  kiln_beat_collector #(.BeatElements(BeatElements), .Lanes(Lanes), .Depth(Beats)) u_beats (
    .clk_i,
    .rst_ni,
    .valid_i(scaled),
    .data_i (scaled_elements),
    .valid_o(y_valid_o),
    .ready_i(y_ready_i),
    .data_o (y_data_o)
  );

endmodule
