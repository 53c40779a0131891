using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Publishing;

/// <summary>A job's record on the wire.</summary>
public class JobRecordTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly Job Open = Job.New(
        new("media", "z0.job"), ProviderKind.Qiniu, JobOrigin.Registration, new Watch { StartedAt = Start, Deadline = Start.AddDays(9), DueAt = Start }, Start);

    private static readonly ItemFacts Item = new() { Command = "c", State = ItemState.Processing };

    [Fact]
    public void An_open_job_names_nothing_that_settled_it_although_it_was_settled_before()
    {
        var record = (Open with { SettledAt = Start, SettledBy = SettledBy.Deadline }).ToRecord();

        Assert.Equal((false, null, null), (record.Settled, record.SettledBy, record.SettledAt));
    }

    [Fact]
    public void An_expired_job_says_when_and_by_what()
    {
        var record = Open.GiveUp(SettledBy.Deadline, Start.AddDays(9)).Job.ToRecord();

        Assert.Equal((true, SettledBy.Deadline, Start.AddDays(9)), (record.Settled, record.SettledBy, record.SettledAt));
    }

    [Fact]
    public void Metadata_is_present_only_if_there_is_any()
    {
        Assert.Null(Open.ToRecord().Metadata);
        Assert.Equal("42", (Open with { Metadata = Job.NoMetadata.Add("lesson", "42") }).ToRecord().Metadata!["lesson"]);
    }

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    public void A_job_is_truncated_if_one_of_its_items_is(bool first, bool second, bool expected) => Assert.Equal(
        expected,
        (Open with { Facts = JobFacts.None.WithItems([Item with { Command = "a", ErrorCut = first }, Item with { Command = "b", ErrorCut = second }]) }).ToRecord().Truncated);

    [Theory]
    [InlineData(FactsCut.SmallResults, false)]
    [InlineData(FactsCut.Outputs, true)]
    public void A_job_whose_outputs_may_have_been_cut_is_truncated(FactsCut cut, bool expected) =>
        Assert.Equal(expected, (Open with { Facts = JobFacts.None.WithItems([Item]).CutTo(cut) }).ToRecord().Truncated);

    [Theory]
    [InlineData("", null)]
    [InlineData("in.mp4", "in.mp4")]
    public void The_input_of_a_command_has_a_key_if_one_is_known(string key, string? expected)
    {
        var facts = JobFacts.None.WithItems([Item with { Input = new() { Bucket = "b", Key = key } }]);

        var input = Assert.Single((Open with { Facts = facts }).ToRecord().Items).Input!;

        Assert.Equal(("b", expected), (input.Bucket, input.Key));
        Assert.Null(Assert.Single((Open with { Facts = JobFacts.None.WithItems([Item]) }).ToRecord().Items).Input);
    }

    [Fact]
    public void A_null_result_is_absent_and_a_removed_one_is_named()
    {
        var facts = JobFacts.None.WithItems([Item with { Result = "null", ResultCut = new() { Whole = "", Dropped = true, Unnamed = 2 } }]);

        var item = Assert.Single((Open with { Facts = facts }).ToRecord().Items);

        Assert.Null(item.Result);
        Assert.Equal([new() { At = "/result", More = true }, new() { At = "/result", Dropped = true }], item.Truncated!);
    }
}
