using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.Publishing;
using FopWatch.Watching;

namespace FopWatch.Core.Tests.Jobs;

/// <summary>Metadata that arrives after the outcome.</summary>
public class LateMetadataTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Dictionary<string, string> Lesson = new() { ["lesson"] = "42" };

    [Fact]
    public void A_registration_that_adds_metadata_to_a_settled_job_republishes_its_outcome()
    {
        var settled = Settled();

        var change = settled.Register(Lesson, Start.AddSeconds(3));

        Assert.Equal(JobEvent.SettledType, change.EventType);
        var told = JobEvent.Parse(change.ToEvent()!.Body).Data;
        Assert.Equal((settled.Version + 1, JobState.Succeeded, "42"), (told.Version, told.State, told.Metadata!["lesson"]));
        Assert.Equal((settled.SettledAt, SettledBy.Notification), (told.SettledAt, told.SettledBy));
    }

    [Fact]
    public void A_changed_value_republishes_the_outcome_and_an_equal_one_does_not()
    {
        var registered = Settled().Register(Lesson, Start).Job;

        Assert.Equal(JobChange.Nothing(registered), registered.Register(Lesson, Start.AddDays(1)));
        Assert.Equal(JobChange.Nothing(registered), registered.Register(new Dictionary<string, string>(), Start.AddDays(1)));
        Assert.Equal(JobEvent.SettledType, registered.Register(new Dictionary<string, string> { ["lesson"] = "43" }, Start).EventType);
    }

    [Fact]
    public void A_registration_without_metadata_publishes_nothing() =>
        Assert.Null(Settled().Register(new Dictionary<string, string>(), Start).EventType);

    [Fact]
    public void The_correlation_of_a_later_notify_URL_republishes_the_outcome_once()
    {
        var change = Settled().Correlate("order-7", Start);

        Assert.Equal((JobEvent.SettledType, "order-7"), (change.EventType, change.Job.Metadata[Job.CorrelationKey]));
        Assert.Equal(JobChange.Nothing(change.Job), change.Job.Correlate("order-8", Start));
    }

    [Fact]
    public void The_correlation_of_the_settling_notification_is_in_their_single_event()
    {
        var change = New(JobOrigin.Report).Correlate("order-7", Start).Then(job => job.Apply(Done(), Start));

        Assert.Equal(JobEvent.SettledType, change.EventType);
        Assert.Equal("order-7", JobEvent.Parse(change.ToEvent()!.Body).Data.Metadata![Job.CorrelationKey]);
    }

    [Fact]
    public void An_expired_job_republishes_its_expiry_with_the_metadata()
    {
        var expired = New(JobOrigin.Registration).GiveUp(SettledBy.Deadline, Start).Job;

        var change = expired.Register(Lesson, Start);

        Assert.Equal((JobEvent.SettledType, JobState.Expired), (change.EventType, change.Job.State));
        Assert.Equal(SettledBy.Deadline, change.Job.SettledBy);
    }

    [Fact]
    public void Metadata_of_an_open_job_publishes_nothing() => Assert.Null(New(JobOrigin.Registration).Register(Lesson, Start).EventType);

    [Fact]
    public void A_job_named_only_by_hints_publishes_nothing_when_registered()
    {
        var givenUp = New(JobOrigin.Hint).GiveUp(SettledBy.Poll, Start).Job;

        var change = givenUp.Register(Lesson, Start);

        Assert.Equal((null, false), (change.EventType, change.Job.IsSettled));
        Assert.Null(givenUp.Correlate("order-7", Start).EventType);
    }

    private static Job Settled() => New(JobOrigin.Report).Apply(Done(), Start).Job;

    private static Job New(JobOrigin origin) => Job.New(
        new("media", "id"), ProviderKind.Qiniu, origin, new Watch { StartedAt = Start, Deadline = Start.AddDays(9), DueAt = Start }, Start) with
    { Version = 1 };

    private static JobReport Done() => new()
    {
        Id = "id",
        Channel = ReportChannel.Notification,
        Facts = (JobFacts.None with { Closed = true }).WithItems([new ItemFacts { Command = "avthumb/mp4", State = ItemState.Succeeded }]),
    };
}
