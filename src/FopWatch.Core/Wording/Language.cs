namespace FopWatch.Wording;

/// <summary>A language in which a host words what people read.</summary>
public enum Language
{
    /// <summary>English: the default, and the language of logs and of the command line.</summary>
    English,

    /// <summary>Simplified Chinese.</summary>
    Chinese,
}
