using System.Text.Json.Nodes;
using FopWatch.Contracts;
using FopWatch.PortContracts;
using FopWatch.Publishing;
using static FopWatch.Azure.Tests.ServiceBus.PublishingTests;

namespace FopWatch.Azure.Tests.ServiceBus;

/// <summary>What subscription filters see of an event.</summary>
public sealed class SubscriptionFilterTests
{
    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Subscriptions_receive_what_their_filters_accept()
    {
        await using var bus = await BusTest.StartAsync();
        OutboxEvent[] published =
        [
            Sample.Job("waits").Progressed().ToEvent()!,
            Sample.Job("good").Settled().ToEvent()!,
            Sample.Job("half").PartiallyFailed().ToEvent()!,
            Sample.Job("lost", "other").Expired().ToEvent()!,
        ];

        await bus.Publisher.PublishAsync(published, Cancelled);

        Assert.Equal(["waits", "good", "half", "lost"], IdsOf(await bus.ReceiveAllAsync("all")));
        Assert.Equal(["good", "half", "lost", "the-last"], IdsOf(await bus.ReceiveAsync("settled", 4)));
        Assert.Equal(["half", "lost", "the-last"], IdsOf(await bus.ReceiveAsync("troubles", 3)));
    }

    [Theory]
    [InlineData("source = 'other'", "lost")]
    [InlineData("state IN ('succeeded', 'expired')", "good", "lost")]
    [InlineData("source <> 'other' AND (state = 'succeeded' OR state = 'partiallyFailed')", "good", "half")]
    [InlineData("[settledBy] = 'poll'", "good", "half")]
    [InlineData("settledBy IS NULL", "waits")]
    [InlineData("NOT (settledBy <> 'poll')", "good", "half")]
    [InlineData("settledBy NOT IN ('poll')", "lost")]
    [InlineData("sys.CorrelationId = 'half' OR user.state = 'processing'", "waits", "half")]
    public async Task SQL_filters_see_state_source_and_the_other_filter_values(string filter, params string[] expected)
    {
        await using var bus = await BusTest.StartAsync(configure: config => AddRule(config, new()
        {
            ["FilterType"] = "Sql",
            ["SqlFilter"] = new JsonObject { ["SqlExpression"] = $"({filter}) OR sys.CorrelationId = 'the-last'" },
        }));

        await bus.Publisher.PublishAsync(
            [
                Sample.Job("waits").Progressed().ToEvent()!,
                Sample.Job("good").Settled().ToEvent()!,
                Sample.Job("half").PartiallyFailed().ToEvent()!,
                Sample.Job("lost", "other").Expired().ToEvent()!,
            ],
            Cancelled);

        Assert.Equal(expected, IdsOf(await bus.ReceiveAllAsync("mine")));
    }

    [Fact]
    public async Task A_correlation_filter_on_state_and_source_needs_no_SQL()
    {
        await using var bus = await BusTest.StartAsync(configure: config => AddRule(config, new()
        {
            ["FilterType"] = "Correlation",
            ["CorrelationFilter"] = new JsonObject
            {
                ["Label"] = JobEvent.SettledType,
                ["Properties"] = new JsonObject { ["state"] = "expired", ["source"] = "media" },
            },
        }));

        await bus.Publisher.PublishAsync(
            [
                Sample.Job("good").Settled().ToEvent()!,
                Sample.Job("elsewhere", "other").Expired().ToEvent()!,
                Sample.Job("lost").Expired().ToEvent()!,
            ],
            Cancelled);

        Assert.Equal(["lost"], IdsOf(await bus.ReceiveAllAsync("mine")));
    }

    private static void AddRule(JsonNode config, JsonObject rule) =>
        config["UserConfig"]!["Namespaces"]![0]!["Topics"]![0]!["Subscriptions"]!.AsArray().Add(new JsonObject
        {
            ["Name"] = "mine",
            ["Rules"] = new JsonArray(
                new JsonObject { ["Name"] = "rule", ["Properties"] = rule },
                new JsonObject
                {
                    ["Name"] = "last",
                    ["Properties"] = new JsonObject
                    {
                        ["FilterType"] = "Correlation",
                        ["CorrelationFilter"] = new JsonObject { ["CorrelationId"] = "the-last" },
                    },
                }),
        });
}
