using Azure.Messaging.ServiceBus;
using FopWatch.Azure.ServiceBus;
using FopWatch.Contracts;
using FopWatch.Jobs;
using FopWatch.PortContracts;
using FopWatch.Publishing;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>Published messages as a subscriber receives them through the real SDK.</summary>
public sealed class PublishingTests : IAsyncLifetime
{
    private BusTest? _bus;

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private BusTest Bus => _bus!;

    public async ValueTask InitializeAsync() => _bus = await BusTest.StartAsync();

    public async ValueTask DisposeAsync() => await Bus.DisposeAsync();

    [Fact]
    public async Task A_message_is_a_structured_CloudEvent_with_its_attributes_and_filter_values_as_properties()
    {
        var published = Sample.Job("z0.a").PartiallyFailed(TimeSpan.FromSeconds(90)).ToEvent()!;

        await Bus.Publisher.PublishAsync([published], Cancelled);

        var message = (await Bus.ReceiveAsync("all", 1))[0];
        Assert.Equal(published.Body.ToArray(), message.Body.ToArray());
        Assert.Equal("application/cloudevents+json; charset=utf-8", message.ContentType);
        Assert.Equal((published.Id, "fopwatch.job.settled", "z0.a"), (message.MessageId, message.Subject, message.CorrelationId));
        Assert.Equal(
            new Dictionary<string, object>
            {
                ["cloudEvents:specversion"] = "1.0",
                ["cloudEvents:id"] = published.Id,
                ["cloudEvents:source"] = "/fopwatch/media",
                ["cloudEvents:type"] = "fopwatch.job.settled",
                ["cloudEvents:subject"] = "z0.a",
                ["cloudEvents:time"] = Sample.Start.AddSeconds(90).UtcDateTime,
                ["source"] = "media",
                ["provider"] = "qiniu",
                ["state"] = "partiallyFailed",
                ["settledBy"] = "poll",
                ["bucket"] = "b",
            },
            message.ApplicationProperties.Where(property => property.Key != "Diagnostic-Id").ToDictionary());
    }

    [Fact]
    public async Task A_message_of_an_overdue_job_says_so()
    {
        var overdue = Sample.Job("a").Overdue(TimeSpan.FromHours(1));
        await Bus.Publisher.PublishAsync([overdue.ToEvent()!, overdue.Job.Settled(TimeSpan.FromHours(2)).ToEvent()!], Cancelled);

        var received = await Bus.ReceiveAsync("all", 2);
        Assert.Equal(["fopwatch.job.overdue", "fopwatch.job.settled"], received.Select(message => message.Subject));
        Assert.Equal([true, false], received.Select(message => message.ApplicationProperties.TryGetValue("overdue", out var value) && value is true));
        Assert.Equal([true, false], received.Select(message => Parse(message).Data.Overdue));
    }

    [Fact]
    public async Task Opening_connects_and_reports_a_missing_topic()
    {
        await Bus.Publisher.OpenAsync(Cancelled);

        var wrong = Bus.NewPublisher(new() { TopicName = "nowhere" });
        var thrown = await Assert.ThrowsAsync<ServiceBusException>(async () => await wrong.OpenAsync(Cancelled));
        Assert.Equal(ServiceBusFailureReason.MessagingEntityNotFound, thrown.Reason);
    }

    [Fact]
    public async Task An_event_that_is_published_again_reaches_subscribers_once()
    {
        var (first, second) = (Sample.Event("a", 1), Sample.Event("a", 2));

        await Bus.Publisher.PublishAsync([first, first], Cancelled);
        await Bus.Publisher.PublishAsync([first, second], Cancelled);
        await using var another = Bus.NewPublisher(new());
        await another.PublishAsync([second], Cancelled);

        Assert.Equal([first.Id, second.Id], (await Bus.ReceiveAllAsync("all")).Select(message => message.MessageId));
    }

    [Fact]
    public async Task Thousands_of_events_are_sent_in_batches_and_keep_their_order()
    {
        var published = Enumerable.Range(0, 5000).Select(i => Sample.Event($"j{i % 97}", i / 97 + 1)).ToList();

        await Bus.Publisher.PublishAsync(published, Cancelled);

        var received = await Bus.ReceiveAsync("all", published.Count);
        Assert.Equal(published.Select(one => one.Id), received.Select(message => message.MessageId));
    }

    [Fact]
    public async Task An_oversized_event_is_reduced_to_its_counts_and_a_link_and_the_others_are_published_whole()
    {
        await using var publisher = Bus.NewPublisher(new() { ApiUrl = new("https://hooks.example.com/fop/") });
        var (before, large, after) = (Sample.Event("a"), LargeEvent("large", items: 5000), Sample.Event("b"));
        Assert.True(large.Body.Length > 256 * 1024);

        await publisher.PublishAsync([before, large, after], Cancelled);

        var received = await Bus.ReceiveAsync("all", 3);
        Assert.Equal([before.Id, large.Id, after.Id], received.Select(message => message.MessageId));
        Assert.Equal(before.Body.ToArray(), received[0].Body.ToArray());
        Assert.Equal(after.Body.ToArray(), received[2].Body.ToArray());

        var reduced = Parse(received[1]);
        var whole = JobEvent.Parse(large.Body);
        Assert.Equal(new JobCounts(5000, 5000, 0, 0), reduced.Data.Counts);
        Assert.Empty(reduced.Data.Items);
        Assert.True(reduced.Data.Truncated);
        Assert.Equal((whole.Id, whole.Type, whole.Time, whole.Data.State, whole.Data.Version, whole.Data.Bucket),
            (reduced.Id, reduced.Type, reduced.Time, reduced.Data.State, reduced.Data.Version, reduced.Data.Bucket));
        Assert.Equal(whole.Data.Metadata, reduced.Data.Metadata);

        const string Link = "https://hooks.example.com/fop/api/jobs/media/large";
        Assert.Equal(Link, reduced.Job);
        Assert.Equal(Link, received[1].ApplicationProperties["cloudEvents:job"]);
        Assert.Equal(true, received[1].ApplicationProperties["truncated"]);
        Assert.Equal("succeeded", received[1].ApplicationProperties["state"]);
    }

    [Fact]
    public async Task An_oversized_result_loses_the_end_of_its_longest_array_and_keeps_its_verdict()
    {
        var frames = string.Join(',', Enumerable.Range(0, 6000).Select(i => $$"""{"offset":{{i}},"suggestion":"pass"}"""));
        var large = Sample.Job("audit").Apply(
            new()
            {
                Id = null,
                Channel = ReportChannel.Poll,
                Facts = (JobFacts.None with { Closed = true }).WithItems(
                [
                    new() { Command = "video-censor/v2", State = ItemState.Succeeded, Result = $$"""{"cuts":[{{frames}}],"suggestion":"block"}""" },
                    new() { Command = "video-censor/v3", State = ItemState.Succeeded, Result = $$"""{"cuts":[{{frames}}],"suggestion":"review"}""" },
                ]),
            },
            Sample.Start.AddMinutes(1)).ToEvent()!;

        await Bus.Publisher.PublishAsync([large], Cancelled);

        var job = Parse((await Bus.ReceiveAsync("all", 1))[0]).Data;
        Assert.Equal(["block", "review"], job.Items.Select(item => item.Result!.Value.GetProperty("suggestion").GetString()));
        Assert.All(job.Items, item =>
        {
            var gone = Assert.Single(item.Truncated!);
            Assert.Equal(("/result/cuts", 6000), (gone.At, gone.Elements + item.Result!.Value.GetProperty("cuts").GetArrayLength()));
        });
        Assert.True(job.Truncated);
    }

    [Fact]
    public async Task An_oversized_result_without_arrays_keeps_its_verdict()
    {
        var frames = string.Join(',', Enumerable.Range(0, 6000).Select(i => $$"""
            "{{i}}":{"label":"normal","score":0.5,"suggestion":"pass"}
            """.Trim()));
        var large = Sample.Job("audit").Apply(
            new()
            {
                Id = null,
                Channel = ReportChannel.Poll,
                Facts = (JobFacts.None with { Closed = true }).WithItems(
                    [new() { Command = "video-censor/v2", State = ItemState.Succeeded, Result = $$$"""{"frames":{{{{frames}}}},"result":{"suggestion":"block"}}""" }]),
            },
            Sample.Start.AddMinutes(1)).ToEvent()!;

        await Bus.Publisher.PublishAsync([large], Cancelled);

        var item = Assert.Single(Parse((await Bus.ReceiveAsync("all", 1))[0]).Data.Items);
        Assert.Equal("block", item.Result!.Value.GetProperty("result").GetProperty("suggestion").GetString());
        Assert.Equal("""{"label":"normal","score":0.5,"suggestion":"pass"}""", item.Result.Value.GetProperty("frames").GetProperty("0").GetRawText());
        Assert.StartsWith("/result/frames/", item.Truncated!.First(gone => gone.Dropped == true).At, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_event_that_does_not_fit_into_the_current_batch_is_published_whole()
    {
        var published = Enumerable.Range(0, 4).Select(i => LargeEvent($"j{i}", items: 1500)).ToList();
        Assert.All(published, one => Assert.InRange(one.Body.Length, 128 * 1024, 255 * 1024));

        await Bus.Publisher.PublishAsync(published, Cancelled);

        var received = await Bus.ReceiveAsync("all", 4);
        Assert.All(published.Zip(received), pair => Assert.Equal(pair.First.Body.ToArray(), pair.Second.Body.ToArray()));
    }

    [Fact]
    public async Task A_configured_limit_below_the_brokers_applies_and_one_above_it_does_not()
    {
        await using var narrow = Bus.NewPublisher(new() { MaxMessageBytes = ServiceBusPublisherOptions.LeastMaxMessageBytes });
        await using var wide = Bus.NewPublisher(new() { MaxMessageBytes = 100 * 1024 * 1024 });

        await narrow.PublishAsync([LargeEvent("a", items: 1000)], Cancelled);
        await wide.PublishAsync([LargeEvent("b", items: 1000), LargeEvent("c", items: 5000)], Cancelled);

        Assert.Equal([true, false, true], (await Bus.ReceiveAsync("all", 3)).Select(message => Parse(message).Data.Truncated));
    }

    [Fact]
    public async Task Texts_of_the_provider_too_long_for_any_message_are_removed_and_metadata_is_kept()
    {
        await using var publisher = Bus.NewPublisher(new() { MaxMessageBytes = ServiceBusPublisherOptions.LeastMaxMessageBytes });
        var long1 = new string('k', 100_000);
        var huge = Sample.Job("huge").Apply(
            new() { Id = null, Channel = ReportChannel.Poll, Facts = JobFacts.None with { Bucket = "b", Key = long1, Pipeline = long1, Progress = JobProgress.Processing } },
            Sample.Start).ToEvent()!;

        await publisher.PublishAsync([huge], Cancelled);

        var message = (await Bus.ReceiveAsync("all", 1))[0];
        var job = Parse(message).Data;
        Assert.Equal(("b", null, null, true), (job.Bucket, job.Key, job.Pipeline, job.Truncated));
        Assert.Equal("第 42 课", job.Metadata!["lesson"]);
        Assert.DoesNotContain("pipeline", message.ApplicationProperties.Keys);
        Assert.Equal("/api/jobs/media/huge", message.ApplicationProperties["cloudEvents:job"]);
    }

    [Fact]
    public async Task An_event_too_large_even_when_reduced_is_named_after_everything_else_was_published()
    {
        await using var bus = await BusTest.StartAsync(maxMessageSize: 3000);
        var tooLarge = Sample.Job("x", "media") with { Metadata = System.Collections.Immutable.ImmutableSortedDictionary<string, string>.Empty.Add("all", new string('m', 4000)) };
        OutboxEvent[] published = [Sample.Event("a"), tooLarge.Settled().ToEvent()!, Sample.Event("b")];

        var thrown = await Assert.ThrowsAsync<UnpublishableEventsException>(() => bus.Publisher.PublishAsync(published, Cancelled).AsTask());

        Assert.Equal([published[1]], thrown.Events);
        Assert.Contains(published[1].Id, thrown.Message, StringComparison.Ordinal);
        Assert.Equal(["a", "b"], IdsOf(await bus.ReceiveAllAsync("all")));
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("""{"specversion":"1.0"}""")]
    [InlineData("large and no event")]
    public async Task A_damaged_event_does_not_block_others(string body)
    {
        if (body == "large and no event")
            body = $$$"""{"specversion":"1.0","source":"/s","data":{"items":[{"truncated":[{"at":7}],"result":"{{{new string('x', 300_000)}}}"}]}}""";
        OutboxEvent[] published = [Sample.Event("a"), Sample.Event("x") with { Body = System.Text.Encoding.UTF8.GetBytes(body) }, Sample.Event("b")];

        var thrown = await Assert.ThrowsAsync<UnpublishableEventsException>(() => Bus.Publisher.PublishAsync(published, Cancelled).AsTask());

        Assert.Equal([published[1]], thrown.Events);
        Assert.NotNull(thrown.InnerException);
        Assert.Equal(["a", "b"], IdsOf(await Bus.ReceiveAllAsync("all")));
    }

    [Fact]
    public async Task A_lost_answer_does_no_harm()
    {
        await Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);
        await Bus.Peer.LoseNextAnswerAsync();

        await Bus.Publisher.PublishAsync([Sample.Event("b", 1), Sample.Event("b", 2)], Cancelled);

        Assert.Equal(["a", "b", "b"], IdsOf(await Bus.ReceiveAllAsync("all")));
    }

    [Fact]
    public async Task A_transient_fault_is_retried()
    {
        await Bus.Peer.RefuseNextAsync("com.microsoft:timeout", times: 2);

        await Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled);

        Assert.Equal(["a"], IdsOf(await Bus.ReceiveAllAsync("all")));
    }

    [Fact]
    public async Task The_default_retries_give_a_busy_broker_enough_time()
    {
        await using var publisher = Bus.NewPublisher(new());
        await Bus.Peer.RefuseNextAsync("com.microsoft:server-busy", times: 1);

        await publisher.PublishAsync([Sample.Event("a")], Cancelled);

        Assert.Equal(["a"], IdsOf(await Bus.ReceiveAllAsync("all")));
    }

    [Fact]
    public async Task A_missing_topic_is_named()
    {
        await using var publisher = Bus.NewPublisher(new() { TopicName = "no-such-topic", Retry = BusTest.QuickRetry });

        var thrown = await Assert.ThrowsAsync<ServiceBusException>(() => publisher.PublishAsync([Sample.Event("a")], Cancelled).AsTask());

        Assert.Equal(ServiceBusFailureReason.MessagingEntityNotFound, thrown.Reason);
        Assert.Contains("no-such-topic", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_broker_outage_is_an_exception()
    {
        await Bus.Peer.KillAsync();

        var thrown = await Assert.ThrowsAsync<ServiceBusException>(() => Bus.Publisher.PublishAsync([Sample.Event("a")], Cancelled).AsTask());

        Assert.Equal(ServiceBusFailureReason.ServiceCommunicationProblem, thrown.Reason);
    }

    private static OutboxEvent LargeEvent(string id, int items) => Sample.Job(id).Apply(
        new()
        {
            Id = null,
            Channel = ReportChannel.Poll,
            Facts = (JobFacts.None with { Bucket = "b", Closed = true }).WithItems(
                [.. Enumerable.Range(0, items).Select(i => new ItemFacts
                {
                    Command = $"vframe/jpg/offset/{i:00000}",
                    State = ItemState.Succeeded,
                    Outputs = [new() { Bucket = "b", Key = $"frames/{i:00000}.jpg" }],
                })]),
        },
        Sample.Start.AddMinutes(1)).ToEvent()!;

    private static JobEvent Parse(ServiceBusReceivedMessage message) =>
        JobEvent.Parse(message.Body.ToMemory());

    internal static IEnumerable<string> IdsOf(IEnumerable<ServiceBusReceivedMessage> messages) => messages.Select(message => message.CorrelationId);
}
