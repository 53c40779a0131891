using Azure.Messaging.ServiceBus;
using FopWatch.Azure.ServiceBus;
using FopWatch.Diagnosis;
using FopWatch.Functions.Examining;

namespace FopWatch.Functions.Tests;

/// <summary>The doctor's findings about Service Bus.</summary>
public sealed class ServiceBusCheckTests
{
    private const string Topic = ServiceBusPublisherOptions.DefaultTopicName;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    public static TheoryData<string, string> Failures => new()
    {
        { nameof(UnauthorizedAccessException), "The identity of the app may not send to the topic 'fopwatch-events'." },
        { nameof(ServiceBusFailureReason.MessagingEntityDisabled), "The topic 'fopwatch-events' is disabled." },
        { nameof(ServiceBusFailureReason.QuotaExceeded), "The topic 'fopwatch-events' is full." },
        { nameof(ServiceBusFailureReason.ServiceCommunicationProblem), "The namespace of Service Bus cannot be reached." },
    };

    [Fact]
    public async Task A_working_topic_passes_without_an_event_and_a_missing_or_unreachable_one_is_trouble()
    {
        await using var peer = await ServiceBusPeer.StartAsync();
        await using var right = PublisherOf(peer, Topic);
        await using var wrong = PublisherOf(peer, "no-such-topic");

        Assert.Equal((DoctorLevel.Pass, "The topic 'fopwatch-events' lets this app send."), await FindAsync(right, Topic));
        Assert.Equal((DoctorLevel.Trouble, "There is no topic 'no-such-topic' in the namespace."), await FindAsync(wrong, "no-such-topic"));

        await peer.KillAsync();
        var (level, what) = await FindAsync(right, Topic);
        Assert.Equal(DoctorLevel.Trouble, level);
        Assert.StartsWith("The namespace of Service Bus ", what, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_Service_Bus_configuration_is_a_warning() => Assert.Equal(
        (DoctorLevel.Warning, "No Service Bus is configured, so events stay in the outbox."), await FindAsync(null, Topic));

    [Theory]
    [MemberData(nameof(Failures))]
    public void Each_failure_has_its_own_words(string failure, string what)
    {
        Exception thrown = failure == nameof(UnauthorizedAccessException)
            ? new UnauthorizedAccessException("'Send' claim(s) are required")
            : new ServiceBusException("secret", Enum.Parse<ServiceBusFailureReason>(failure));

        var finding = ServiceBusCheck.Explain(thrown, Topic)!;

        Assert.Equal((DoctorLevel.Trouble, what), (finding.Level, finding.What.ToString()));
        Assert.NotNull(finding.Fix);
        Assert.Null(ServiceBusCheck.Explain(new InvalidOperationException(), Topic));
    }

    private static ServiceBusPublisher PublisherOf(ServiceBusPeer peer, string topic) => new(
        ServiceBusConnection.ToEmulator(peer.ConnectionString),
        new() { TopicName = topic, Retry = new() { MaxRetries = 0, TryTimeout = TimeSpan.FromSeconds(20) } });

    private static async Task<(DoctorLevel Level, string What)> FindAsync(ServiceBusPublisher? publisher, string topic)
    {
        var step = new ServiceBusCheck(publisher, topic).Steps.Single();
        var finding = Assert.Single(await step.RunAsync(Cancelled));
        return (finding.Level, finding.What.ToString());
    }
}
