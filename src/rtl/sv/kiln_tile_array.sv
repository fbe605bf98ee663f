// A tile array: input buffer, largest exponent and the tiles of the matrices that share an input, in lock step. A barrier:
// with the last beat taken in cycle m the partial sums of all tiles are available from cycle m + 1 + T on, T as the page
// says. Their registers are the output buffer (one beat); the next operation's beats are taken when it has left.
// x: quantised stream; sums: S of tile i over the inputs and output o, s(46), at [46 * (i * Outputs + o) +: 46], then E.
// docs/units/tile_array.md; Microarchitecture: 0 product select, 1 bit serial, 2 ROM and multipliers
module kiln_tile_array #(
  parameter int unsigned Inputs = 64,
  parameter int unsigned Outputs = 64,
  parameter int unsigned Layers = 1,
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Microarchitecture = 0,
  parameter int unsigned Rows = 64,
  parameter int unsigned Columns = 64,
  parameter int unsigned InputsPerCycle = 1,
  parameter int unsigned ScaleLanes = 1,
  parameter int unsigned AccumulateCycles = 1,
  parameter int unsigned ProductCycles = 1,
  parameter int unsigned CountCycles = 1,
  parameter int unsigned MultiplyCycles = 1,
  parameter int unsigned MacLanes = 1,
  parameter int unsigned ReadCycles = 1,
  parameter int unsigned CodeBits = 4,
  parameter int unsigned Books = 1,
  parameter logic [Books*32-1:0] BookEnds = {Books{32'd64}},
  parameter FilePrefix = "",
  localparam int unsigned TileRows = (Inputs + Rows - 1) / Rows
) (
  input  logic                                clk_i,
  input  logic                                rst_ni,
  input  logic [15:0]                         layer_i,
  input  logic                                x_valid_i,
  output logic                                x_ready_o,
  input  logic [8*BeatElements+12*(BeatElements/64)-1:0] x_data_i,
  output logic                                sums_valid_o,
  input  logic                                sums_ready_i,
  output logic [46*TileRows*Outputs+9-1:0]    sums_data_o
);

  localparam int unsigned TileColumns = (Outputs + Columns - 1) / Columns;
  localparam int unsigned Beats = (Inputs + BeatElements - 1) / BeatElements;
  localparam int unsigned BeatGroups = BeatElements / 64;
  localparam int unsigned Groups = (Inputs + 63) / 64;
  localparam int unsigned Values = 2 ** CodeBits;

  // A step is never longer than a segment, lanes never more than columns.
  localparam int unsigned SegmentMost = (Rows < 64) ? Rows : 64;
  localparam int unsigned Wide = (Columns < Outputs) ? Columns : Outputs;
  localparam int unsigned Lines = (InputsPerCycle < SegmentMost) ? InputsPerCycle : SegmentMost;
  localparam int unsigned Lanes = (ScaleLanes < Wide) ? ScaleLanes : Wide;
  localparam int unsigned Macs = (MacLanes < Wide) ? MacLanes : Wide;
  localparam int unsigned Slots = (Wide + Lanes - 1) / Lanes;
  localparam int unsigned Beat =
      (Microarchitecture == 0) ? 1 : (Microarchitecture == 1) ? 8 : (Wide + Macs - 1) / Macs;
  localparam int unsigned AccDelay = (Microarchitecture == 0) ? ProductCycles :
      (Microarchitecture == 1) ? CountCycles : ReadCycles + MultiplyCycles;
  localparam int unsigned OutDelay = (Microarchitecture == 1) ? MultiplyCycles : 0;

  function automatic int unsigned least(input int unsigned a, input int unsigned b);
    least = (a < b) ? a : b;
  endfunction

  // Cycles of the slowest tile's segments.
  function automatic int unsigned pass_cycles();
    int unsigned cycles, first, last;
    pass_cycles = 0;
    for (int unsigned i = 0; i < TileRows; i++) begin
      cycles = 0;
      for (int unsigned g = 0; g < Groups; g++) begin
        first = (64 * g > i * Rows) ? 64 * g : i * Rows;
        last  = least(least(64 * g + 64, i * Rows + Rows), Inputs);
        if (first < last) begin
          if ((last - first + Lines - 1) / Lines * Beat > Slots) begin
            cycles = cycles + (last - first + Lines - 1) / Lines * Beat;
          end else begin
            cycles = cycles + Slots;
          end
        end
      end
      if (cycles > pass_cycles) pass_cycles = cycles;
    end
  endfunction

  // Most tile borders within a group.
  function automatic int unsigned chain_hops();
    chain_hops = 0;
    for (int unsigned g = 0; g < Groups; g++) begin
      if ((least(64 * g + 64, Inputs) - 1) / Rows - 64 * g / Rows > chain_hops) begin
        chain_hops = (least(64 * g + 64, Inputs) - 1) / Rows - 64 * g / Rows;
      end
    end
  endfunction

  // Three decimal digits of a tile's place, for its files' names.
  function automatic logic [23:0] digits(input int unsigned place);
    digits = {8'(48 + place / 100 % 10), 8'(48 + place / 10 % 10), 8'(48 + place % 10)};
  endfunction

  // The book of an output.
  function automatic int unsigned book_of(input int unsigned column);
    book_of = 0;
    for (int unsigned k = 0; k < Books; k++) begin
      if (column >= BookEnds[32*k +: 32]) book_of = k + 1;
    end
  endfunction

  // The ends of books from book on, counted from output first and held at columns.
  function automatic logic [Books*32-1:0] ends_from(input int unsigned book, input int unsigned first,
                                                    input int unsigned columns);
    ends_from = '0;
    for (int unsigned k = 0; k + book < Books; k++) begin
      ends_from[32*k +: 32] = least(BookEnds[32*(k+book) +: 32] - first, columns);
    end
  endfunction

  localparam int unsigned Pass = pass_cycles();
  localparam int unsigned Hops = chain_hops();
  localparam logic [31:0] TailEnd = 32'(Pass + Slots * (1 + Hops));
  localparam logic [31:0] Time = TailEnd + 32'(AccDelay + OutDelay + AccumulateCycles);

  // Input buffer and largest exponent.
  localparam int unsigned BeatWidth = (Beats > 1) ? $clog2(Beats) : 1;

  logic                                taking_q, take, start;
  logic [BeatWidth-1:0]                beat_q;
  logic [Beats*BeatElements*8-1:0]     codes_q;
  logic [Beats*BeatGroups*9-1:0]       exponents_q;
  logic [Beats*BeatGroups*3-1:0]       steps_q;
  logic signed [8:0]                   exponent_d, exponent_q;
  logic [15:0]                         layer_q;

  assign x_ready_o = taking_q;
  assign take      = x_valid_i && taking_q;
  assign start     = take && beat_q == BeatWidth'(Beats - 1);

  always_comb begin
    exponent_d = (beat_q == '0) ? -9'sd256 : exponent_q;
    for (int unsigned g = 0; g < BeatGroups; g++) begin
      if (32'(beat_q) * BeatGroups + g < Groups &&
          $signed(x_data_i[8*BeatElements+9*g +: 9]) > exponent_d) begin
        exponent_d = $signed(x_data_i[8*BeatElements+9*g +: 9]);
      end
    end
  end

  always_ff @(posedge clk_i) begin
    if (take) begin
      codes_q[32'(beat_q)*BeatElements*8 +: BeatElements*8]  <= x_data_i[0 +: BeatElements*8];
      exponents_q[32'(beat_q)*BeatGroups*9 +: BeatGroups*9] <= x_data_i[8*BeatElements +: 9*BeatGroups];
      steps_q[32'(beat_q)*BeatGroups*3 +: BeatGroups*3] <=
          x_data_i[8*BeatElements+9*BeatGroups +: 3*BeatGroups];
      exponent_q <= exponent_d;
      layer_q    <= layer_i;
    end
  end

  // Cycle 0 of time_q is the first issue. The tail: slots behind the slowest tile, hop by hop.
  logic        busy_q, tail_q, sums_valid_q;
  logic [31:0] time_q;
  logic [7:0]  hop_q;
  logic [15:0] index_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      taking_q     <= 1'b1;
      beat_q       <= '0;
      busy_q       <= 1'b0;
      time_q       <= '0;
      tail_q       <= 1'b0;
      hop_q        <= '0;
      index_q      <= '0;
      sums_valid_q <= 1'b0;
    end else begin
      if (take) beat_q <= start ? '0 : beat_q + BeatWidth'(1);
      if (start) begin
        taking_q <= 1'b0;
        busy_q   <= 1'b1;
        time_q   <= '0;
      end
      if (busy_q) begin
        time_q <= time_q + 32'd1;
        if (time_q == 32'(Pass - 1)) begin
          tail_q  <= 1'b1;
          hop_q   <= '0;
          index_q <= '0;
        end else if (tail_q) begin
          index_q <= (index_q == 16'(Slots - 1)) ? '0 : index_q + 16'd1;
          if (index_q == 16'(Slots - 1)) hop_q <= hop_q + 8'd1;
          if (time_q == TailEnd - 32'd1) tail_q <= 1'b0;
        end
        if (time_q == Time - 32'd1) begin
          busy_q       <= 1'b0;
          sums_valid_q <= 1'b1;
        end
      end
      if (sums_valid_q && sums_ready_i) begin
        sums_valid_q <= 1'b0;
        taking_q     <= 1'b1;
      end
    end
  end

  // What pads the last beat.
  logic unused_padding;
  assign unused_padding = ^{codes_q, exponents_q, steps_q};

  assign sums_valid_o = sums_valid_q;
  assign sums_data_o[46*TileRows*Outputs +: 9] = exponent_q;

  logic [Books*8*Values-1:0] books;

  kiln_codebooks #(
    .Layers  (Layers),
    .Books   (Books),
    .CodeBits(CodeBits),
    .File    ({FilePrefix, "_codebooks.hex"})
  ) u_codebooks (
    .clk_i,
    .load_i (start),
    .layer_i,
    .books_o(books)
  );

  logic unused_books;  // a matrix without columns
  assign unused_books = ^books;

  for (genvar i = 0; i < TileRows; i++) begin : g_row
    localparam int unsigned First = i * Rows;
    localparam int unsigned Count = least(Rows, Inputs - First);
    localparam int unsigned FirstGroup = First / 64;
    localparam int unsigned Segments = (First + Count - 1) / 64 - FirstGroup + 1;
    localparam int unsigned Hop = i - FirstGroup * 64 / Rows;

    logic                             issue_valid, acc_valid, acc_first, acc_end, slot_valid;
    logic [15:0]                      issue_phase, acc_phase, slot_index, out_index;
    logic [31:0]                      issue_addr, acc_addr, out_scale_addr;
    logic [Lines*8-1:0]               issue_inputs;
    logic                             out_from_kept, out_keep, out_send, out_scale;
    logic [2:0]                       out_step;
    logic [5:0]                       out_shift;
    logic                             carry_valid;
    logic [TileColumns*Lanes*21-1:0]  carry_in, carry_out;

    kiln_tile_control #(
      .First   (First),
      .Rows    (Count),
      .Segments(Segments),
      .Lines   (Lines),
      .Beat    (Beat),
      .Slots   (Slots),
      .AccDelay(AccDelay),
      .OutDelay(OutDelay),
      .Hop     (Hop),
      .CutLast (First + Count < Inputs && (First + Count) % 64 != 0)
    ) u_control (
      .clk_i,
      .rst_ni,
      .start_i         (start),
      .layer_i         (layer_q),
      .codes_i         (codes_q[8*First +: 8*Count]),
      .exponents_i     (exponents_q[9*FirstGroup +: 9*Segments]),
      .steps_i         (steps_q[3*FirstGroup +: 3*Segments]),
      .exponent_i      (exponent_q),
      .tail_valid_i    (tail_q),
      .tail_hop_i      (hop_q),
      .tail_index_i    (index_q),
      .issue_valid_o   (issue_valid),
      .issue_phase_o   (issue_phase),
      .issue_addr_o    (issue_addr),
      .issue_inputs_o  (issue_inputs),
      .acc_valid_o     (acc_valid),
      .acc_first_o     (acc_first),
      .acc_end_o       (acc_end),
      .acc_phase_o     (acc_phase),
      .acc_addr_o      (acc_addr),
      .slot_valid_o    (slot_valid),
      .slot_index_o    (slot_index),
      .out_index_o     (out_index),
      .out_from_kept_o (out_from_kept),
      .out_keep_o      (out_keep),
      .out_send_o      (out_send),
      .out_scale_o     (out_scale),
      .out_scale_addr_o(out_scale_addr),
      .out_step_o      (out_step),
      .out_shift_o     (out_shift)
    );

    if (i == 0) begin : g_top  // no carry comes in
      assign carry_valid = 1'b0;
      assign carry_in    = carry_out;
    end else begin : g_below
      assign carry_valid = g_row[i-1].out_send;
      assign carry_in    = g_row[i-1].carry_out;
    end
    if (i == TileRows - 1) begin : g_bottom
      logic unused_carry;
      assign unused_carry = ^{out_send, carry_out};
    end

    for (genvar j = 0; j < TileColumns; j++) begin : g_tile
      localparam int unsigned Output = j * Columns;
      localparam int unsigned Width = least(Columns, Outputs - Output);
      localparam int unsigned FirstBook = book_of(Output);
      localparam int unsigned TileBooks = book_of(Output + Width - 1) - FirstBook + 1;
      localparam logic [Books*32-1:0] Ends = ends_from(FirstBook, Output, Width);

      kiln_tile #(
        .Microarchitecture(Microarchitecture),
        .Rows             (Count),
        .Columns          (Width),
        .Layers           (Layers),
        .Segments         (Segments),
        .Lines            (Lines),
        .Lanes            (Lanes),
        .MacLanes         (Macs),
        .CodeBits         (CodeBits),
        .Books            (TileBooks),
        .BookEnds         (Ends[32*TileBooks-1:0]),
        .ProductCycles    (ProductCycles),
        .CountCycles      (CountCycles),
        .ReadCycles       (ReadCycles),
        .MultiplyCycles   (MultiplyCycles),
        .AccumulateCycles (AccumulateCycles),
        .CutFirst         (Hop > 0),
        .CodesFile        ({FilePrefix, "_codes_", digits(i), "_", digits(j), ".hex"}),
        .ScalesFile       ({FilePrefix, "_scales_", digits(i), "_", digits(j), ".hex"})
      ) u_tile (
        .clk_i,
        .rst_ni,
        .clear_i         (start),
        .codebooks_i     (books[8*Values*FirstBook +: 8*Values*TileBooks]),
        .issue_valid_i   (issue_valid),
        .issue_phase_i   (issue_phase),
        .issue_addr_i    (issue_addr),
        .issue_inputs_i  (issue_inputs),
        .acc_valid_i     (acc_valid),
        .acc_first_i     (acc_first),
        .acc_end_i       (acc_end),
        .acc_phase_i     (acc_phase),
        .acc_addr_i      (acc_addr),
        .slot_valid_i    (slot_valid),
        .slot_index_i    (slot_index),
        .out_index_i     (out_index),
        .out_from_kept_i (out_from_kept),
        .out_keep_i      (out_keep),
        .out_scale_i     (out_scale),
        .out_scale_addr_i(out_scale_addr),
        .out_step_i      (out_step),
        .out_shift_i     (out_shift),
        .carry_valid_i   (carry_valid),
        .carry_i         (carry_in[21*Lanes*j +: 21*Lanes]),
        .carry_o         (carry_out[21*Lanes*j +: 21*Lanes]),
        .sums_o          (sums_data_o[46*(i*Outputs+Output) +: 46*Width])
      );
    end
  end

endmodule
