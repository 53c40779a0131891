using FopWatch.Diagnosis;
using FopWatch.Wording;
using Microsoft.Extensions.Logging;

namespace FopWatch.Api.Tests;

public sealed class OperatorLogTests
{
    [Theory]
    [InlineData(1, "Table Storage cannot answer now: it cannot be reached")]
    [InlineData(1, "Table Storage cannot answer now: it cannot be reached.")]
    [InlineData(2, "Table Storage cannot answer now: it cannot be reached.")]
    public void The_detail_of_a_warning_ends_with_one_full_stop(int count, string detail)
    {
        using var log = new CapturedLog();
        using var factory = LoggerFactory.Create(logging => logging.AddProvider(log));
        var now = DateTimeOffset.UtcNow;
        var trouble = new Trouble { Kind = TroubleKind.StoreUnavailable, Since = now, LastAt = now, Count = count, Detail = Sentence.VerbatimOrNull(detail) };

        new OperatorLog(factory.CreateLogger<OperatorLog>()).Warn(trouble);

        Assert.Contains($" Seen: Table Storage cannot answer now: it cannot be reached. {trouble.Hint}", log.ToString(), StringComparison.Ordinal);
    }
}
