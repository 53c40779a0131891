using FopWatch.Publishing;

namespace FopWatch.Core.Tests.Publishing;

public class OutboxWordsTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(IOutbox.MostCounted - 1, "999")]
    [InlineData(IOutbox.MostCounted, "1000 or more")]
    public void A_number_of_events_is_stated_as_far_as_it_was_counted(long count, string words) => Assert.Equal(words, IOutbox.InWords(count));
}
