using System.Text.RegularExpressions;
using FopWatch.Diagnosis;
using FopWatch.Local.CommandLine;

namespace FopWatch.Local.Tests.CommandLine;

/// <summary>The advice of troubles, as <c>doctor</c> prints it: users of the command line are told the command, and users of HTTP the route.</summary>
public sealed partial class AdviceTests
{
    public static TheoryData<TroubleKind> Kinds => new(Enum.GetValues<TroubleKind>());

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Each_route_in_the_advice_follows_its_command(TroubleKind kind)
    {
        var hint = new Trouble { Source = "media", Kind = kind, Since = default, LastAt = default, Count = 1 }.Hint;

        Assert.Equal(Route().Count(hint), RouteAfterCommand().Count(hint));
        Assert.All(Command().Matches(hint), command => Assert.Empty(Cli.Create(Terminal.OfProcess()).Parse(command.Groups[1].Value).Errors));
    }

    [Theory]
    [InlineData(TroubleKind.UnreadableNotifications, "'fopwatch quarantine list'")]
    [InlineData(TroubleKind.UnreadableUploads, "'fopwatch quarantine list'")]
    [InlineData(TroubleKind.OutOfScope, "'fopwatch quarantine list'")]
    [InlineData(TroubleKind.UnreadableQuarantine, "'fopwatch quarantine list'")]
    [InlineData(TroubleKind.WebhookFails, "'fopwatch webhooks deliveries NAME'")]
    [InlineData(TroubleKind.WebhookFails, "'fopwatch webhooks resume NAME'")]
    [InlineData(TroubleKind.WebhookPaused, "'fopwatch webhooks resume NAME'")]
    [InlineData(TroubleKind.WebhookMissed, "'fopwatch jobs list'")]
    public void The_advice_names_the_command(TroubleKind kind, string command) =>
        Assert.Contains(
            command, new Trouble { Source = "media", Kind = kind, Since = default, LastAt = default, Count = 1 }.Hint, StringComparison.Ordinal);

    [GeneratedRegex("(GET|POST|PUT|DELETE) /api/")]
    private static partial Regex Route();

    [GeneratedRegex(@"'fopwatch [^']+' \((GET|POST|PUT|DELETE) /api/[^)]+\)")]
    private static partial Regex RouteAfterCommand();

    [GeneratedRegex("'fopwatch ([^']+)'")]
    private static partial Regex Command();
}
