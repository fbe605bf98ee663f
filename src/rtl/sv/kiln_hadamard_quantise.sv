// Transforms and quantises a beat that comes Lanes elements a cycle, group by group as groups
// become complete, with as many group units as groups can become complete in a cycle. block_i: log2
// of the transform's block; groups_i: groups of this beat that are not padding (those leave as zero
// bits); bypass_i: without the transform and its cycles, block_i is 0 then. The three are constant
// for a beat, bypass_i for a stream. Last elements in cycle t: the whole beat is at data_o in t +
// Hadamard + Quantise - 1, for the receiver's register. docs/units/vector_unit.md data_o: codes,
// exponents s(9) and, with InputSteps, steps u(3), each in order.
module kiln_hadamard_quantise #(
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned Period = 64,     // groups of 64 begin anew every so many elements
  parameter int unsigned InputSteps = 1,  // 1: steps 4 ... 7; 0: powers of two
  parameter int unsigned HadamardCycles = 1,
  parameter int unsigned QuantiseCycles = 1,
  localparam int unsigned PerPeriod = (Period + 63) / 64,
  localparam int unsigned Groups = BeatElements / Period * PerPeriod,
  localparam int unsigned IndexWidth = $clog2(Groups + 1),
  localparam int unsigned OutWidth = 8 * BeatElements + (InputSteps != 0 ? 12 : 9) * Groups
) (
  input  logic                  clk_i,
  input  logic                  rst_ni,
  input  logic                  valid_i,
  input  logic [32*Lanes-1:0]   lanes_i,
  input  logic [2:0]            block_i,
  input  logic [IndexWidth-1:0] groups_i,
  input  logic                  bypass_i,
  output logic                  valid_o,
  output logic [OutWidth-1:0]   data_o
);

  localparam int unsigned Elements = (Period < 64) ? Period : 64;  // of the largest group

  function automatic logic [32*Groups-1:0] starts();
    starts = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      starts[32*g +: 32] = g / PerPeriod * Period + g % PerPeriod * 64;
    end
  endfunction

  function automatic logic [32*Groups-1:0] ends();
    ends = '0;
    for (int unsigned g = 0; g < Groups; g++) begin
      ends[32*g +: 32] = g / PerPeriod * Period
          + ((g % PerPeriod == PerPeriod - 1) ? Period : (g % PerPeriod + 1) * 64);
    end
  endfunction

  localparam logic [32*Groups-1:0] Starts = starts();
  localparam logic [32*Groups-1:0] Ends = ends();

  // The most groups that end within one lane group.
  function automatic int unsigned units();
    int unsigned count;
    units = 1;
    for (int unsigned first = 0; first < BeatElements; first += Lanes) begin
      count = 0;
      for (int unsigned g = 0; g < Groups; g++) begin
        if (Ends[32*g +: 32] > first && Ends[32*g +: 32] <= first + Lanes) count = count + 1;
      end
      if (count > units) units = count;
    end
  endfunction

  localparam int unsigned Units = units();
  localparam int unsigned Levels = kiln_pkg::block_log2(Period);
  localparam int unsigned SideWidth = 1 + 2 * IndexWidth + Units;  // last, base, groups, complete
  localparam int unsigned WideWidth = 8 + 31 * Elements;           // largest, h
  localparam int unsigned CodesWidth = 8 * Elements + 12;          // codes, exponent, step

  logic [Units-1:0]             complete;
  logic [IndexWidth-1:0]        base;
  logic                         last;
  logic [32*Units*Elements-1:0] group;

  kiln_quantise_collector #(
    .BeatElements(BeatElements), .Lanes(Lanes), .Units(Units), .Groups(Groups),
    .GroupElements(Elements), .Starts(Starts), .Ends(Ends)
  ) u_collector (
    .clk_i, .rst_ni, .valid_i, .lanes_i,
    .complete_o(complete), .base_o(base), .last_o(last), .group_o(group)
  );

  logic [Units*WideWidth-1:0]            wide;
  logic [SideWidth-1:0]                  side;
  logic                                  later_valid, now_valid;
  logic [SideWidth+Units*WideWidth-1:0]  later, now;
  logic [SideWidth-1:0]                  now_side;
  logic [Units*WideWidth-1:0]            now_wide;
  logic [Units*CodesWidth-1:0]           codes;
  logic                                  out_valid;
  logic [SideWidth-1:0]                  out_side;
  logic [Units*CodesWidth-1:0]           out_codes;

  assign side = {last, base, groups_i, complete};

  kiln_delay #(.Cycles(HadamardCycles), .Width(SideWidth + Units * WideWidth)) u_hadamard (
    .clk_i, .rst_ni, .valid_i(|complete && !bypass_i), .data_i({side, wide}),
    .valid_o(later_valid), .data_o(later)
  );

  assign now_valid            = bypass_i ? |complete : later_valid;
  assign now                  = bypass_i ? {side, wide} : later;
  assign {now_side, now_wide} = now;

  for (genvar u = 0; u < Units; u++) begin : g_unit
    kiln_hadamard_transform #(.Elements(Elements), .Levels(Levels)) u_transform (
      .valid_i  (complete[u]),
      .block_i,
      .group_i  (group[32*Elements*u +: 32*Elements]),
      .largest_o(wide[WideWidth*u + 31*Elements +: 8]),
      .h_o      (wide[WideWidth*u +: 31*Elements])
    );

    kiln_quantise_group #(.Elements(Elements), .InputSteps(InputSteps)) u_quantise (
      .valid_i   (now_valid && now_side[u]),
      .largest_i (now_wide[WideWidth*u + 31*Elements +: 8]),
      .h_i       (now_wide[WideWidth*u +: 31*Elements]),
      .codes_o   (codes[CodesWidth*u +: 8*Elements]),
      .exponent_o(codes[CodesWidth*u + 8*Elements +: 9]),
      .step_o    (codes[CodesWidth*u + 8*Elements + 9 +: 3])
    );
  end

  kiln_delay #(.Cycles(QuantiseCycles - 1), .Width(SideWidth + Units * CodesWidth)) u_quantised (
    .clk_i, .rst_ni, .valid_i(now_valid), .data_i({now_side, codes}),
    .valid_o(out_valid), .data_o({out_side, out_codes})
  );

  kiln_quantise_assembler #(
    .BeatElements(BeatElements), .Units(Units), .Groups(Groups), .GroupElements(Elements),
    .InputSteps(InputSteps), .Starts(Starts)
  ) u_assembler (
    .clk_i, .rst_ni,
    .valid_i   (out_valid),
    .complete_i(out_side[Units-1:0]),
    .groups_i  (out_side[Units +: IndexWidth]),
    .base_i    (out_side[Units + IndexWidth +: IndexWidth]),
    .last_i    (out_side[SideWidth-1]),
    .codes_i   (out_codes),
    .valid_o, .data_o
  );

endmodule
