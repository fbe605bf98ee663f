// One stage of a link: a register and its skid buffer, two entries. ready_o is a register, so no ready signal passes a
// stage in the cycle in which it changes; a freed place is seen upstream one cycle later. docs/units/link.md
module kiln_link_stage #(
  parameter int unsigned Width = 32
) (
  input  logic             clk_i,
  input  logic             rst_ni,
  input  logic             in_valid_i,
  output logic             in_ready_o,
  input  logic [Width-1:0] in_data_i,
  output logic             out_valid_o,
  input  logic             out_ready_i,
  output logic [Width-1:0] out_data_o
);

  logic             head_valid_q, skid_valid_q;  // the skid is filled only behind the head
  logic [Width-1:0] head_q, skid_q;
  logic             push, pop;

  assign in_ready_o  = !skid_valid_q;
  assign out_valid_o = head_valid_q;
  assign out_data_o  = head_valid_q ? head_q : Width'(0);
  assign push        = in_valid_i && in_ready_o;
  assign pop         = head_valid_q && out_ready_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_valid_q <= 1'b0;
      skid_valid_q <= 1'b0;
    end else begin
      head_valid_q <= push || skid_valid_q || (head_valid_q && !pop);
      skid_valid_q <= (skid_valid_q || (push && head_valid_q)) && !pop;
    end
  end

  always_ff @(posedge clk_i) begin
    if (pop && skid_valid_q) head_q <= skid_q;
    else if (push && (!head_valid_q || pop)) head_q <= in_data_i;
    if (push && head_valid_q && !pop) skid_q <= in_data_i;
  end

endmodule
