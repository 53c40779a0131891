using System.Reflection;
using System.Text.RegularExpressions;
using FopWatch.Wording;

namespace FopWatch.PortContracts.Wording;

/// <summary>Every sentence of a host exists in every language, with the same values.</summary>
public abstract partial class WordingContract
{
    /// <summary>The assemblies whose sentences the host shows.</summary>
    protected abstract IEnumerable<Assembly> Assemblies { get; }

    [Fact]
    public void Every_sentence_has_Chinese_words_with_the_same_values()
    {
        var templates = Assemblies.SelectMany(CompiledSentences.Of).Distinct().Where(template => Letters().IsMatch(template)).ToList();
        Assert.True(templates.Count > 300, $"Only {templates.Count} sentences were found.");
        Assert.Empty(templates.Where(template => !HasBoth(template)));
    }

    private static bool HasBoth(string template)
    {
        var sentence = new Sentence(template.Length, 0);
        var parts = Value().Split(template);
        for (var i = 0; i < parts.Length; i++)
        {
            sentence.AppendLiteral(parts[i]);
            if (i < parts.Length - 1)
                sentence.AppendFormatted($"«{i}»");
        }

        Assert.Equal(template, sentence.Template);
        var words = sentence.In(Language.Chinese);
        return words != sentence.ToString() && Enumerable.Range(0, parts.Length - 1).All(i => words.Split($"«{i}»").Length == 2);
    }

    [GeneratedRegex("[a-z]{2}")]
    private static partial Regex Letters();

    [GeneratedRegex(@"\{\d+\}")]
    private static partial Regex Value();
}
