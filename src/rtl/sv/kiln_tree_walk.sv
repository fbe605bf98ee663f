// The order in which a tree's outputs leave: beats of the sections, one section behind the other or alternating, each
// beat in groups of Lanes outputs. A step moves on to the next group; behind the last one it stands at the first again.
// docs/units/reduction_tree.md
module kiln_tree_walk #(
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned Sections = 1,
  parameter logic [Sections*32-1:0] SectionFirsts = '0,
  parameter logic [Sections*32-1:0] SectionRows = {Sections{32'd64}},
  parameter int unsigned Interleave = 0
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        step_i,
  output logic [31:0] column_o,  // of the group's first output
  output logic [31:0] count_o,   // outputs of the group; 0 if all of it is padding
  output logic        last_o
);

  localparam int unsigned Groups = (BeatElements + Lanes - 1) / Lanes;
  localparam int unsigned SectionWidth = (Sections > 1) ? $clog2(Sections) : 1;

  logic [SectionWidth-1:0] section_q;
  logic [31:0]             beat_q;   // first row of the beat in its section
  logic [31:0]             group_q;  // first row of the group in its beat
  logic [31:0]             group_index_q;
  logic [31:0]             first, rows, row, room;
  logic                    last_group, last_section, last_beat;

  assign first        = 32'(SectionFirsts >> (32 * section_q));
  assign rows         = 32'(SectionRows >> (32 * section_q));
  assign row          = beat_q + group_q;
  assign room         = (BeatElements - group_q < Lanes) ? BeatElements - group_q : Lanes;
  assign column_o     = first + row;
  assign count_o      = (row >= rows) ? '0 : (rows - row < room) ? rows - row : room;
  assign last_group   = group_index_q == Groups - 1;
  assign last_section = section_q == SectionWidth'(Sections - 1);
  assign last_beat    = beat_q + BeatElements >= rows;
  assign last_o       = last_group && last_section && last_beat;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      section_q     <= '0;
      beat_q        <= '0;
      group_q       <= '0;
      group_index_q <= '0;
    end else if (step_i) begin
      group_q       <= last_group ? '0 : group_q + Lanes;
      group_index_q <= last_group ? '0 : group_index_q + 32'd1;
      if (last_group) begin
        if (last_o) begin
          section_q <= '0;
          beat_q    <= '0;
        end else if (Interleave != 0) begin
          section_q <= last_section ? '0 : section_q + SectionWidth'(1);
          if (last_section) beat_q <= beat_q + BeatElements;
        end else begin
          if (last_beat) section_q <= section_q + SectionWidth'(1);
          beat_q <= last_beat ? '0 : beat_q + BeatElements;
        end
      end
    end
  end

endmodule
