// Puts beats together from groups of Lanes <= BeatElements elements and holds them in the unit's
// output buffer of Depth beats. A beat is made of ceil(BeatElements / Lanes) groups, of which the
// last one gives what is left; it is available in the cycle behind that of its last group.
module kiln_beat_collector #(
  parameter int unsigned BeatElements = 64,
  parameter int unsigned Lanes = 64,
  parameter int unsigned Depth = 1
) (
  input  logic                       clk_i,
  input  logic                       rst_ni,
  input  logic                       valid_i,
  input  logic [Lanes*32-1:0]        data_i,
  output logic                       valid_o,
  input  logic                       ready_i,
  output logic [BeatElements*32-1:0] data_o
);

  localparam int unsigned Groups = (BeatElements + Lanes - 1) / Lanes;

  logic                       push;
  logic [BeatElements*32-1:0] beat;

  if (Groups == 1) begin : g_whole
    assign push = valid_i;
    assign beat = data_i;
  end else begin : g_groups
    localparam int unsigned PartWidth  = (Groups - 1) * Lanes * 32;
    localparam int unsigned IndexWidth = $clog2(PartWidth);
    localparam int unsigned GroupWidth = $clog2(Groups);

    logic [PartWidth-1:0]  part_q;  // the groups of the beat but the last
    logic [GroupWidth-1:0] group_q;
    logic                  last;

    assign last = group_q == GroupWidth'(Groups - 1);
    assign push = valid_i && last;
    assign beat = {data_i[BeatElements*32-PartWidth-1:0], part_q};

    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) group_q <= '0;
      else if (valid_i) group_q <= last ? '0 : group_q + GroupWidth'(1);
    end

    always_ff @(posedge clk_i) begin
      if (valid_i && !last) begin
        part_q[IndexWidth'(group_q)*IndexWidth'(Lanes*32) +: Lanes*32] <= data_i;
      end
    end
  end

  kiln_output_buffer #(.Width(BeatElements * 32), .Depth(Depth)) u_buffer (
    .clk_i,
    .rst_ni,
    .push_i (push),
    .data_i (beat),
    .valid_o,
    .ready_i,
    .data_o
  );

endmodule
